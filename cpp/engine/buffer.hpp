// Zeroed memory on cache-line boundaries, in large pages where it is large.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace kudari {

template <class T> class Buffer {
  public:
    Buffer() = default;
    explicit Buffer(std::size_t size)
        : size_(size), data_(static_cast<T*>(std::aligned_alloc(align(size), bytes(size)))) {
        if (!data_) throw std::bad_alloc();
        use_large_pages();
        clear();
    }
    T* data() { return data_.get(); }
    const T* data() const { return data_.get(); }
    std::size_t size() const { return size_; }
    void clear() {
        if (size_) std::memset(data_.get(), 0, size_ * sizeof(T));
    }

  private:
    static constexpr std::size_t kLine = 64, kLargePage = std::size_t(1) << 21;
    static std::size_t align(std::size_t size) {
        return size * sizeof(T) < kLargePage ? kLine : kLargePage;
    }
    // A multiple of the alignment, as aligned_alloc wants it.
    static std::size_t bytes(std::size_t size) {
        if (size > std::size_t(-1) / 2 / sizeof(T)) throw std::bad_alloc();
        const std::size_t a = align(size);
        return std::max<std::size_t>(1, (size * sizeof(T) + a - 1) / a) * a;
    }
    // A table of small pages for tens of megabytes does not fit the processor.
    void use_large_pages() {
#if defined(__linux__)
        if (align(size_) == kLargePage) (void)madvise(data_.get(), bytes(size_), MADV_HUGEPAGE);
#endif
    }
    struct Free {
        void operator()(T* p) const { std::free(p); }
    };
    std::size_t size_ = 0;
    std::unique_ptr<T[], Free> data_;
};

// `size` rounded up so that the next array starts on a cache line.
template <class T> std::size_t whole_lines(std::size_t size) {
    constexpr std::size_t line = 64 / sizeof(T);
    return (size + line - 1) / line * line;
}

} // namespace kudari
