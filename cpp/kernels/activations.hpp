// Activations y = f(x) of (rows, columns), and their gradients by x from the output y and the
// gradient by y. out may be an input.
//   relu     x where x > 0, +0 where x <= 0, NaN where x is one;  g where y > 0
//   sigmoid  1 / (1 + exp(-x));                                    g y (1 - y)
//   tanh     tanh(x);                                              g (1 - y^2)
//   softmax  exp(x) / sum over the row;                            y (g - sum over the row of g y)
#pragma once

#include "kernels/map.hpp"
#include "kernels/math.hpp"
#include "kernels/sigmoid.hpp"
#include "kernels/softmax.hpp"

namespace kudari::KUDARI_ISA {

template <class T> struct Relu {
    template <class P> static KUDARI_INLINE P forward(const P& x) {
        const P zero = broadcast_pack<P>(T(0));
        return select(x <= zero, zero, x);
    }
    template <class P> static KUDARI_INLINE P backward(const P& y, const P& g) {
        const P zero = broadcast_pack<P>(T(0));
        return select(y <= zero, zero, g);
    }
};

template <class T> struct Sigmoid {
    template <class P> static KUDARI_INLINE P forward(const P& x) { return sigmoid(x); }
    template <class P> static KUDARI_INLINE P backward(const P& y, const P& g) {
        return g * (y * (broadcast_pack<P>(T(1)) - y));
    }
};

template <class T> struct Tanh {
    template <class P> static KUDARI_INLINE P forward(const P& x) { return tanh(x); }
    template <class P> static KUDARI_INLINE P backward(const P& y, const P& g) {
        return g * (broadcast_pack<P>(T(1)) - y * y);
    }
};

template <class T, template <class> class F>
void elementwise_forward(const T* x, T* out, std::size_t rows, std::size_t columns) {
    map<T>(
        rows * columns, out,
        [](const auto& v) __attribute__((always_inline)) { return F<T>::forward(v); }, x);
}

template <class T, template <class> class F>
void elementwise_backward(const T* y, const T* grad, T* out, std::size_t rows,
                          std::size_t columns) {
    map<T>(
        rows * columns, out,
        [](const auto& v, const auto& g)
            __attribute__((always_inline)) { return F<T>::backward(v, g); },
        y, grad);
}

template <class T> void softmax_forward(const T* x, T* out, std::size_t rows, std::size_t columns) {
    SoftmaxRows<T> each_row(x, rows, columns);
    for (std::size_t r = 0; r < rows; ++r, out += columns) {
        const T inverse = T(1) / each_row.next(out).total;
        map<T>(
            columns, out,
            [&]<class P>(const P& e)
                __attribute__((always_inline)) { return e * broadcast_pack<P>(inverse); },
            out);
    }
}

template <class T>
void softmax_backward(const T* y, const T* grad, T* out, std::size_t rows, std::size_t columns) {
    for (std::size_t r = 0; r < rows; ++r, y += columns, grad += columns, out += columns) {
        Vec<T> sum = set(T(0));
        for_each_group<T>(columns, [&](std::size_t i, auto n) __attribute__((always_inline)) {
            sum = add_lanes<T>(sum, load_lanes(y + i, n) * load_lanes(grad + i, n), n);
        });
        const T inner = sum_lanes(sum);
        map<T>(
            columns, out,
            [&]<class P>(const P& v, const P& g)
                __attribute__((always_inline)) { return v * (g - broadcast_pack<P>(inner)); },
            y, grad);
    }
}

} // namespace kudari::KUDARI_ISA
