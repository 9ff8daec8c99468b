// out[j, i] = in[i, j], a square block of registers at a time.
#pragma once

#include "kernels/map.hpp"
#include "kernels/table.hpp"

namespace kudari::KUDARI_ISA {

// Swaps the off-diagonal quarters of the blocks that a and b hold, `Half` lanes wide.
template <int Half, class R, std::size_t... I>
KUDARI_INLINE void exchange(R& a, R& b, std::index_sequence<I...>) {
    constexpr int lanes = sizeof...(I);
    const R low = __builtin_shufflevector(a, b, ((I & Half) ? lanes + I - Half : I)...);
    b = __builtin_shufflevector(a, b, ((I & Half) ? lanes + I : I + Half)...);
    a = low;
}

template <int Half, class R, int Count> KUDARI_INLINE void transpose_registers(R (&reg)[Count]) {
    if constexpr (Half > 0) {
#pragma GCC unroll 16
        for (int i = 0; i < Count; ++i)
            if (!(i & Half))
                exchange<Half>(reg[i], reg[i + Half], std::make_index_sequence<Count>{});
        transpose_registers<Half / 2>(reg);
    }
}

// The first rows and columns of a block, +0 in the rest; constants where the block is full.
template <class T, class Rows, class Columns>
KUDARI_INLINE void load_block(Strided<const T> in, Reg<T> (&reg)[kRegLanes<T>], Rows rows,
                              Columns columns) {
#pragma GCC unroll 16
    for (int i = 0; i < kRegLanes<T>; ++i) {
        if constexpr (std::is_same_v<Columns, int>)
            reg[i] = i < rows ? RegOps<T>::load_some(in.data + i * in.stride, columns) : Reg<T>{};
        else
            __builtin_memcpy(&reg[i], in.data + i * in.stride, sizeof reg[i]);
    }
}

// rows and columns at most the lanes of a register.
template <class T, class Rows, class Columns>
KUDARI_INLINE void transpose_block(Strided<const T> in, Strided<T> out, Rows rows,
                                   Columns columns) {
    constexpr int lanes = kRegLanes<T>;
    Reg<T> reg[lanes];
    load_block<T>(in, reg, rows, columns);
    transpose_registers<lanes / 2>(reg);
#pragma GCC unroll 16
    for (int j = 0; j < lanes; ++j) {
        if constexpr (std::is_same_v<Rows, int>) {
            if (j < columns) RegOps<T>::store_some(out.data + j * out.stride, reg[j], rows);
        } else {
            __builtin_memcpy(out.data + j * out.stride, &reg[j], sizeof reg[j]);
        }
    }
}

template <class T>
void transpose(Strided<const T> in, Strided<T> out, std::size_t rows, std::size_t columns) {
    constexpr std::size_t lanes = kRegLanes<T>;
    using Full = std::integral_constant<int, lanes>;
    if (columns == 1 && in.stride == 1) {
        map<T>(
            rows, out.data, [](const auto& v) __attribute__((always_inline)) { return v; },
            in.data);
        return;
    }
    for (std::size_t i = 0; i < rows; i += lanes)
        for (std::size_t j = 0; j < columns; j += lanes) {
            const Strided<const T> from{in.data + i * in.stride + j, in.stride};
            const Strided<T> to{out.data + j * out.stride + i, out.stride};
            if (rows - i >= lanes && columns - j >= lanes)
                transpose_block<T>(from, to, Full{}, Full{});
            else
                transpose_block<T>(from, to, int(rows - i), int(columns - j));
        }
}

} // namespace kudari::KUDARI_ISA
