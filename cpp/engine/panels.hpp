// Between Keras's layout of a kernel, (inner, columns) row-major, and the arena's column panels.
#pragma once

#include <algorithm>
#include <cstddef>

#include "kernels/table.hpp"

namespace kudari {

// Calls f(offset of the panel, its first column, its width) for each panel of (inner, columns).
template <class T, class F> void for_each_panel(std::size_t inner, std::size_t columns, F f) {
    for (std::size_t j = 0; j < columns; j += kPanelWidth<T>)
        f(j * inner, j, std::min(kPanelWidth<T>, columns - j));
}

template <class T>
void to_panels(const T* matrix, std::size_t inner, std::size_t columns, T* panels) {
    for_each_panel<T>(inner, columns, [&](std::size_t at, std::size_t first, std::size_t width) {
        for (std::size_t k = 0; k < inner; ++k)
            std::copy_n(matrix + k * columns + first, width, panels + at + k * width);
    });
}

template <class T>
void from_panels(const T* panels, std::size_t inner, std::size_t columns, T* matrix) {
    for_each_panel<T>(inner, columns, [&](std::size_t at, std::size_t first, std::size_t width) {
        for (std::size_t k = 0; k < inner; ++k)
            std::copy_n(panels + at + k * width, width, matrix + k * columns + first);
    });
}

// Rows [first, first + rows) of the transposed matrix, (columns, inner) in panels of at most a
// panel's width of those rows: one panel of it, contiguous (columns, rows).
template <class T>
void transpose_rows(const MatrixKernels<T>& kernels, const T* panels, std::size_t inner,
                    std::size_t columns, std::size_t first, std::size_t rows, T* out) {
    for_each_panel<T>(inner, columns, [&](std::size_t at, std::size_t column, std::size_t width) {
        kernels.transpose({panels + at + first * width, width}, {out + column * rows, rows}, rows,
                          width);
    });
}

} // namespace kudari
