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

// A strip is rows [first_row, first_row + rows) of one panel of (inner, columns). Writes it into
// the panels of the transposed matrix, (columns, inner).
template <class T>
void transpose_strip(const T* strip, std::size_t first_row, std::size_t rows,
                     std::size_t first_column, std::size_t width, std::size_t inner,
                     std::size_t columns, T* transposed) {
    for (std::size_t k = 0; k < rows;) {
        const std::size_t row = first_row + k, panel = row / kPanelWidth<T> * kPanelWidth<T>;
        const std::size_t panel_width = std::min(kPanelWidth<T>, inner - panel);
        const std::size_t run = std::min(rows - k, panel + panel_width - row);
        T* to = transposed + panel * columns + first_column * panel_width + (row - panel);
        for (std::size_t j = 0; j < width; ++j, to += panel_width)
            for (std::size_t i = 0; i < run; ++i) to[i] = strip[(k + i) * width + j];
        k += run;
    }
}

} // namespace kudari
