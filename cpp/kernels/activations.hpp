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
    static KUDARI_INLINE Vec<T> forward(const Vec<T>& x) {
        return select(x <= set(T(0)), set(T(0)), x);
    }
    static KUDARI_INLINE Vec<T> backward(const Vec<T>& y, const Vec<T>& g) {
        return select(y <= set(T(0)), set(T(0)), g);
    }
};

template <class T> struct Sigmoid {
    static KUDARI_INLINE Vec<T> forward(const Vec<T>& x) { return sigmoid<T>(x); }
    static KUDARI_INLINE Vec<T> backward(const Vec<T>& y, const Vec<T>& g) {
        return g * (y * (set(T(1)) - y));
    }
};

template <class T> struct Tanh {
    static KUDARI_INLINE Vec<T> forward(const Vec<T>& x) { return tanh(x); }
    static KUDARI_INLINE Vec<T> backward(const Vec<T>& y, const Vec<T>& g) {
        return g * (set(T(1)) - y * y);
    }
};

template <class T, template <class> class F>
void elementwise_forward(const T* x, T* out, std::size_t rows, std::size_t columns) {
    map<T>(
        rows * columns, out,
        [](const Vec<T>& v) __attribute__((always_inline)) { return F<T>::forward(v); }, x);
}

template <class T, template <class> class F>
void elementwise_backward(const T* y, const T* grad, T* out, std::size_t rows,
                          std::size_t columns) {
    map<T>(
        rows * columns, out,
        [](const Vec<T>& v, const Vec<T>& g)
            __attribute__((always_inline)) { return F<T>::backward(v, g); },
        y, grad);
}

template <class T> void softmax_forward(const T* x, T* out, std::size_t rows, std::size_t columns) {
    for (std::size_t r = 0; r < rows; ++r, x += columns, out += columns) {
        const T total = row_exp(x, row_max(x, columns), out, columns);
        const Vec<T> inverse = set(T(1) / total);
        map<T>(
            columns, out,
            [&](const Vec<T>& e) __attribute__((always_inline)) { return e * inverse; }, out);
    }
}

template <class T>
void softmax_backward(const T* y, const T* grad, T* out, std::size_t rows, std::size_t columns) {
    for (std::size_t r = 0; r < rows; ++r, y += columns, grad += columns, out += columns) {
        Vec<T> sum = set(T(0));
        for_each_vector<T>(columns, [&](std::size_t i, auto n) __attribute__((always_inline)) {
            sum = sum + load_lanes(y + i, n) * load_lanes(grad + i, n);
        });
        const Vec<T> inner = set(sum_lanes(sum));
        map<T>(
            columns, out,
            [&](const Vec<T>& v, const Vec<T>& g)
                __attribute__((always_inline)) { return v * (g - inner); },
            y, grad);
    }
}

} // namespace kudari::KUDARI_ISA
