// Zeroed memory on cache-line boundaries.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

namespace kudari {

template <class T> class Buffer {
  public:
    Buffer() = default;
    explicit Buffer(std::size_t size)
        : size_(size), data_(static_cast<T*>(::operator new[](bytes(size), kAlign))) {
        clear();
    }
    T* data() { return data_.get(); }
    const T* data() const { return data_.get(); }
    std::size_t size() const { return size_; }
    void clear() {
        if (size_) std::memset(data_.get(), 0, size_ * sizeof(T));
    }

  private:
    static constexpr std::align_val_t kAlign{64};
    static std::size_t bytes(std::size_t size) {
        if (size > std::size_t(-1) / 2 / sizeof(T)) throw std::bad_alloc();
        return size * sizeof(T);
    }
    struct Free {
        void operator()(T* p) const { ::operator delete[](p, kAlign); }
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
