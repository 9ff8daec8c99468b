// Matrix products from one register tile. An element is one chain of fused multiply-adds, ascending
// in the summed index, from +0, the bias added last: tiles and panels choose who computes an
// element, never how.
#pragma once

#include "kernels/map.hpp"
#include "kernels/table.hpp"

namespace kudari::KUDARI_ISA {

// Where a tile's left operand lies: element (row, step) at data[row * row_stride + step *
// step_stride].
template <class T> struct Left {
    const T* data;
    std::size_t row_stride, step_stride;
};

// The right operand: step s is a row of the tile's columns at data + s * step_stride.
template <class T> struct Right {
    const T* data;
    std::size_t step_stride;
};

// out (Rows, n), n <= Vectors * lanes; a full tile's n is a constant, and needs no masks.
template <class T, int Rows, int Vectors, class N>
KUDARI_INLINE void tile(Left<T> a, Right<T> b, const T* bias, Strided<T> out, std::size_t steps,
                        N n) {
    constexpr int lanes = kLanes<T>;
    Vec<T> sum[Rows][Vectors];
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) sum[r][v] = set(T(0));
    const auto column = [&](const T* row, int v) __attribute__((always_inline)) {
        if constexpr (std::is_same_v<N, int>)
            return load_some(row + v * lanes, n - v * lanes);
        else
            return load(row + v * lanes);
    };
    for (std::size_t s = 0; s < steps; ++s) {
        Vec<T> right[Vectors];
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) right[v] = column(b.data, v);
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
            const Vec<T> left = set(a.data[r * a.row_stride]);
#pragma GCC unroll 4
            for (int v = 0; v < Vectors; ++v) sum[r][v] = fma(left, right[v], sum[r][v]);
        }
        a.data += a.step_stride;
        b.data += b.step_stride;
    }
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) {
            T* to = out.data + r * out.stride + v * lanes;
            const Vec<T> value = bias ? sum[r][v] + column(bias, v) : sum[r][v];
            if constexpr (std::is_same_v<N, int>)
                store_some(to, value, n - v * lanes);
            else
                store(to, value);
        }
}

// The last rows, fewer than a tile's.
template <class T, int Rows, int Vectors, class N>
void short_tile(std::size_t rows, Left<T> a, Right<T> b, const T* bias, Strided<T> out,
                std::size_t steps, N n) {
    if constexpr (Rows > 0) {
        if (rows == Rows)
            tile<T, Rows, Vectors>(a, b, bias, out, steps, n);
        else
            short_tile<T, Rows - 1, Vectors>(rows, a, b, bias, out, steps, n);
    }
}

template <class T, int Vectors, class N>
void tile_rows(Left<T> a, Right<T> b, const T* bias, Strided<T> out, std::size_t rows,
               std::size_t steps, N n) {
    constexpr int height = KUDARI_TILE_ROWS;
    for (; rows >= height; rows -= height) {
        tile<T, height, Vectors>(a, b, bias, out, steps, n);
        a.data += height * a.row_stride;
        out.data += height * out.stride;
    }
    short_tile<T, height - 1, Vectors>(rows, a, b, bias, out, steps, n);
}

// `columns` of one panel, as many vectors at a time as a tile holds.
template <class T>
void tile_panel(Left<T> a, Right<T> b, const T* bias, Strided<T> out, std::size_t rows,
                std::size_t steps, std::size_t columns) {
    constexpr int vectors = KUDARI_TILE_VECTORS, lanes = kLanes<T>;
    using Full = std::integral_constant<int, vectors * lanes>;
    for (std::size_t j = 0; j < columns; j += Full::value) {
        const std::size_t left = columns - j;
        const Right<T> right{b.data + j, b.step_stride};
        const Strided<T> to{out.data + j, out.stride};
        const T* shift = bias ? bias + j : nullptr;
        if (left >= Full::value)
            tile_rows<T, vectors>(a, right, shift, to, rows, steps, Full{});
        else if (left <= lanes)
            tile_rows<T, 1>(a, right, shift, to, rows, steps, int(left));
        else
            tile_rows<T, vectors>(a, right, shift, to, rows, steps, int(left));
    }
}

template <class T>
void matmul(Strided<const T> a, const T* panels, const T* bias, Strided<T> out, std::size_t rows,
            std::size_t inner, std::size_t columns) {
    for (std::size_t j = 0; j < columns; j += kPanelWidth<T>) {
        const std::size_t rest = columns - j, width = rest < kPanelWidth<T> ? rest : kPanelWidth<T>;
        tile_panel<T>({a.data, a.stride, 1}, {panels + j * inner, width}, bias ? bias + j : nullptr,
                      {out.data + j, out.stride}, rows, inner, width);
    }
}

template <class T>
void outer(Strided<const T> x, Strided<const T> d, T* out, std::size_t rows, std::size_t inner,
           std::size_t columns) {
    tile_panel<T>({x.data, 1, x.stride}, {d.data, d.stride}, nullptr, {out, columns}, inner, rows,
                  columns);
}

template <class T>
void column_sums(Strided<const T> d, T* out, std::size_t rows, std::size_t columns) {
    for_each_vector<T>(columns, [&](std::size_t j, auto n) __attribute__((always_inline)) {
        Vec<T> sum = set(T(0));
        for (std::size_t r = 0; r < rows; ++r) sum = sum + load_lanes(d.data + r * d.stride + j, n);
        store_lanes(out + j, sum, n);
    });
}

} // namespace kudari::KUDARI_ISA
