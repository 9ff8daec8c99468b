// Matrix products from one register tile. An element is one chain of fused multiply-adds, ascending
// in the summed index, from +0, the bias added last: tiles and panels choose who computes an
// element, never how.
#pragma once

#include "kernels/map.hpp"
#include "kernels/table.hpp"
#include "kernels/transpose.hpp"

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

// What becomes of a tile's sums: they start from +0 or go on from `out`, and a bias may be added.
// Which of both is a constant: with a choice at run time g++ 12 keeps one of the sums of a 6x16
// tile in memory, and the whole loop waits for it.
template <class T, bool GoesOn> struct Result {
    Strided<T> out;
    const T* bias; // of the tile's columns, or null
};

// out (Rows, n), n <= Vectors * lanes; a full tile's n is a constant, and needs no masks.
template <int Rows, int Vectors, class T, bool GoesOn, class N>
KUDARI_INLINE void tile(Left<T> a, Right<T> b, Result<T, GoesOn> result, std::size_t steps, N n) {
    constexpr int lanes = kLanes<T>;
    const auto column = [&](const T* row, int v) __attribute__((always_inline)) {
        if constexpr (std::is_same_v<N, int>)
            return load_some(row + v * lanes, n - v * lanes);
        else
            return load(row + v * lanes);
    };
    Vec<T> sum[Rows][Vectors];
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v)
            if constexpr (GoesOn)
                sum[r][v] = column(result.out.data + r * result.out.stride, v);
            else
                sum[r][v] = set(T(0));
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
            T* to = result.out.data + r * result.out.stride + v * lanes;
            const Vec<T> value = result.bias ? sum[r][v] + column(result.bias, v) : sum[r][v];
            if constexpr (std::is_same_v<N, int>)
                store_some(to, value, n - v * lanes);
            else
                store(to, value);
        }
}

// The last rows, fewer than a tile's.
template <int Rows, int Vectors, class T, bool GoesOn, class N>
void short_tile(std::size_t rows, Left<T> a, Right<T> b, Result<T, GoesOn> result,
                std::size_t steps, N n) {
    if constexpr (Rows > 0) {
        if (rows == Rows)
            tile<Rows, Vectors>(a, b, result, steps, n);
        else
            short_tile<Rows - 1, Vectors>(rows, a, b, result, steps, n);
    }
}

template <int Vectors, class T, bool GoesOn, class N>
void tile_rows(Left<T> a, Right<T> b, Result<T, GoesOn> result, std::size_t rows, std::size_t steps,
               N n) {
    constexpr int height = KUDARI_TILE_ROWS;
    for (; rows >= height; rows -= height) {
        tile<height, Vectors>(a, b, result, steps, n);
        a.data += height * a.row_stride;
        result.out.data += height * result.out.stride;
    }
    short_tile<height - 1, Vectors>(rows, a, b, result, steps, n);
}

// `columns` of one panel, as many vectors at a time as a tile holds.
template <class T, bool GoesOn>
void tile_panel(Left<T> a, Right<T> b, Result<T, GoesOn> result, std::size_t rows,
                std::size_t steps, std::size_t columns) {
    constexpr int vectors = KUDARI_TILE_VECTORS, lanes = kLanes<T>;
    using Full = std::integral_constant<int, vectors * lanes>;
    for (std::size_t j = 0; j < columns; j += Full::value) {
        const std::size_t left = columns - j;
        const Right<T> right{b.data + j, b.step_stride};
        const Result<T, GoesOn> to{{result.out.data + j, result.out.stride},
                                   result.bias ? result.bias + j : nullptr};
        if (left >= Full::value)
            tile_rows<vectors>(a, right, to, rows, steps, Full{});
        else if (left <= lanes)
            tile_rows<1>(a, right, to, rows, steps, int(left));
        else
            tile_rows<vectors>(a, right, to, rows, steps, int(left));
    }
}

template <class T>
void tile_panel(Left<T> a, Right<T> b, Strided<T> out, bool goes_on, std::size_t rows,
                std::size_t steps, std::size_t columns) {
    if (goes_on)
        tile_panel(a, b, Result<T, true>{out, nullptr}, rows, steps, columns);
    else
        tile_panel(a, b, Result<T, false>{out, nullptr}, rows, steps, columns);
}

// One row against as many whole panels as hide the latency of a chain.
template <class T, int Panels>
void row_of_panels(const T* a, const T* panels, const T* bias, T* out, std::size_t inner) {
    constexpr int lanes = kLanes<T>, width = int(kPanelWidth<T>), vectors = width / lanes;
    Vec<T> sum[Panels][vectors];
#pragma GCC unroll 8
    for (int p = 0; p < Panels; ++p)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) sum[p][v] = set(T(0));
    for (std::size_t k = 0; k < inner; ++k) {
        const Vec<T> left = set(a[k]);
#pragma GCC unroll 8
        for (int p = 0; p < Panels; ++p)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v)
                sum[p][v] =
                    fma(left, load(panels + (p * inner + k) * width + v * lanes), sum[p][v]);
    }
#pragma GCC unroll 8
    for (int p = 0; p < Panels; ++p)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) {
            const std::size_t j = std::size_t(p * width + v * lanes);
            store(out + j, bias ? sum[p][v] + load(bias + j) : sum[p][v]);
        }
}

// sum + the chain of block[i] b[i]: lanes are rows of a, transposed on the way.
template <class T, class Rows, class Steps>
KUDARI_INLINE Reg<T> add_block(Strided<const T> a, const T* b, Reg<T> sum, Rows rows, Steps steps) {
    constexpr int lanes = kRegLanes<T>;
    Reg<T> block[lanes];
    load_block<T>(a, block, rows, steps);
    transpose_registers<lanes / 2>(block);
#pragma GCC unroll 16
    for (int i = 0; i < lanes; ++i)
        if (i < steps)
            sum = RegOps<T>::fma(block[i], broadcast_pack<Pack<Reg<T>, 1>>(b[i]).reg, sum);
    return sum;
}

// A layer of one unit: in a tile all lanes but one would be idle, so here they are rows.
template <class T>
void one_column(Strided<const T> a, const T* b, const T* bias, Strided<T> out, std::size_t rows,
                std::size_t inner) {
    constexpr std::size_t lanes = kRegLanes<T>;
    using Full = std::integral_constant<int, lanes>;
    for (std::size_t r = 0; r < rows; r += lanes) {
        const int count = int(rows - r < lanes ? rows - r : lanes);
        const T* row = a.data + r * a.stride;
        Reg<T> sum{};
        std::size_t k = 0;
        if (count == lanes)
            for (; k + lanes <= inner; k += lanes)
                sum = add_block<T>({row + k, a.stride}, b + k, sum, Full{}, Full{});
        for (; k < inner; k += lanes)
            sum = add_block<T>({row + k, a.stride}, b + k, sum, count,
                               int(inner - k < lanes ? inner - k : lanes));
        if (bias) sum = sum + broadcast_pack<Pack<Reg<T>, 1>>(*bias).reg;
        for (int i = 0; i < count; ++i) out.data[(r + i) * out.stride] = sum[i];
    }
}

template <class T>
void matmul(Strided<const T> a, const T* panels, const T* bias, Strided<T> out, std::size_t rows,
            std::size_t inner, std::size_t columns) {
    constexpr std::size_t width = kPanelWidth<T>;
    if (columns == 1) return one_column(a, panels, bias, out, rows, inner);
    std::size_t j = 0;
    if (rows == 1) {
        const auto run = [&]<int Panels>() {
            for (; j + Panels * width <= columns; j += Panels * width)
                row_of_panels<T, Panels>(a.data, panels + j * inner, bias ? bias + j : nullptr,
                                         out.data + j, inner);
        };
        run.template operator()<4>();
        run.template operator()<2>();
    }
    for (; j < columns; j += width) {
        const std::size_t left = columns - j, here = left < width ? left : width;
        tile_panel(Left<T>{a.data, a.stride, 1}, Right<T>{panels + j * inner, here},
                   Result<T, false>{{out.data + j, out.stride}, bias ? bias + j : nullptr}, rows,
                   inner, here);
    }
}

template <class T>
void outer(Strided<const T> x, Strided<const T> d, T* out, std::size_t rows, std::size_t inner,
           std::size_t columns, bool goes_on) {
    if (columns == 1) // as one row: the lanes are those of x
        tile_panel<T>({d.data, 0, d.stride}, {x.data, x.stride}, {out, 0}, goes_on, 1, rows, inner);
    else
        tile_panel<T>({x.data, 1, x.stride}, {d.data, d.stride}, {out, columns}, goes_on, inner,
                      rows, columns);
}

// Of `columns` columns, several vectors at a time: a chain of sums has to wait for itself.
template <class T>
void column_sums(Strided<const T> d, T* out, std::size_t rows, std::size_t columns) {
    constexpr int vectors = 4;
    constexpr std::size_t block = vectors * kLanes<T>;
    std::size_t j = 0;
    for (; j + block <= columns; j += block) {
        Vec<T> sum[vectors];
        for (auto& s : sum) s = set(T(0));
        for (std::size_t r = 0; r < rows; ++r)
#pragma GCC unroll 4
            for (int v = 0; v < vectors; ++v)
                sum[v] = sum[v] + load(d.data + r * d.stride + j + v * kLanes<T>);
        for (int v = 0; v < vectors; ++v) store(out + j + v * kLanes<T>, sum[v]);
    }
    for_each_vector<T>(columns - j, [&](std::size_t i, auto n) __attribute__((always_inline)) {
        Vec<T> sum = set(T(0));
        for (std::size_t r = 0; r < rows; ++r)
            sum = sum + load_lanes(d.data + r * d.stride + j + i, n);
        store_lanes(out + j + i, sum, n);
    });
}

} // namespace kudari::KUDARI_ISA
