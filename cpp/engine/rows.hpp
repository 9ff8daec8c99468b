// The rows a network reads: x in the dtype it came in, converted a block at a time, y and weights
// in the network's own dtype.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace kudari {

enum class Element {
    boolean,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    float32,
    float64
};

template <class T>
inline constexpr Element kElement = sizeof(T) == 4 ? Element::float32 : Element::float64;

struct Rows {
    const void* x = nullptr; // (count, features)
    Element x_element = Element::float32;
    std::size_t count = 0, features = 0;
    const void* y = nullptr;              // (count, columns), dense labels
    const std::int32_t* labels = nullptr; // (count,), sparse labels
    std::size_t columns = 0;
    const void* weights = nullptr; // (count,) or null
};

// Row i of a selection: order[i], or first + i where there is no order.
struct Selection {
    const std::int64_t* order;
    std::size_t first;
    std::size_t operator[](std::size_t i) const {
        return order ? std::size_t(order[i]) : first + i;
    }
};

inline Selection advance(Selection s, std::size_t by) {
    return {s.order ? s.order + by : nullptr, s.first + by};
}

// Shuffled rows lie anywhere in memory: the next ones are asked for while one is copied.
inline constexpr std::size_t kRowsAhead = 4;

template <class From> void prefetch(const From* row, std::size_t columns) {
    const char* bytes = reinterpret_cast<const char*>(row);
    for (std::size_t i = 0; i < columns * sizeof(From); i += 64) __builtin_prefetch(bytes + i);
}

template <class From, class T>
void gather_from(const void* source, std::size_t columns, Selection rows, std::size_t count, T* out,
                 std::size_t stride) {
    if (columns == 1) { // a call of memcpy a value would cost more than all the rest
        for (std::size_t i = 0; i < count; ++i)
            out[i * stride] = T(static_cast<const From*>(source)[rows[i]]);
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const From* from = static_cast<const From*>(source) + rows[i] * columns;
        if (i + kRowsAhead < count)
            prefetch(static_cast<const From*>(source) + rows[i + kRowsAhead] * columns, columns);
        T* to = out + i * stride;
        if constexpr (std::is_same_v<From, T>)
            std::memcpy(to, from, columns * sizeof(T));
        else
            for (std::size_t j = 0; j < columns; ++j) to[j] = T(from[j]);
    }
}

// out[i, :] = row rows[i] of a (.., columns) array of `element`, as T.
template <class T>
void gather(const void* source, Element element, std::size_t columns, Selection rows,
            std::size_t count, T* out, std::size_t stride) {
    const auto from = [&]<class From>(From) {
        gather_from<From>(source, columns, rows, count, out, stride);
    };
    switch (element) {
    case Element::boolean: return from(bool{});
    case Element::int8: return from(std::int8_t{});
    case Element::int16: return from(std::int16_t{});
    case Element::int32: return from(std::int32_t{});
    case Element::int64: return from(std::int64_t{});
    case Element::uint8: return from(std::uint8_t{});
    case Element::uint16: return from(std::uint16_t{});
    case Element::uint32: return from(std::uint32_t{});
    case Element::uint64: return from(std::uint64_t{});
    case Element::float32: return from(float{});
    case Element::float64: return from(double{});
    }
}

} // namespace kudari
