// What a kernel takes, and the table that one instruction set fills with its kernels. T is float or
// double; every array is C-contiguous unless a stride says otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kudari {

// The form of y: one value per output column, or one class index per row.
enum class Labels { dense, sparse };

template <class T> struct LossArgs {
    const T* y_true;            // IN  (rows, columns), dense labels
    const std::int32_t* labels; // IN  (rows,), sparse labels, each in [0, columns)
    const T* y_pred;            // IN  (rows, columns): values, probabilities or logits
    const T* sample_weight;     // IN  (rows,) or null: all 1
    T* loss;                    // OUT (rows,) or null: weight * loss of the row
    T* grad;                    // OUT (rows, columns) or null: scale * weight * d loss / d y_pred
    T scale;
    T parameter; // huber's delta, a label smoothing, a threshold; else unused
    std::size_t rows, columns;
};

template <class T> struct LossKernel {
    const char* name;
    Labels labels;
    void (*run)(const LossArgs<T>&);
};

// A metric writes one value per row and uses neither weight nor gradient.
template <class T> using MetricKernel = LossKernel<T>;

template <class T> struct ActivationKernel {
    const char* name;
    bool rowwise; // a value depends on its whole row; otherwise (rows, columns) is just so many
                  // values
    void (*forward)(const T* x, T* out, std::size_t rows, std::size_t columns);
    void (*backward)(const T* y, const T* grad, T* out, std::size_t rows, std::size_t columns);
};

// Slots that any optimizer has at most.
inline constexpr int kMostSlots = 4;

template <class T> struct OptimizerKernel {
    const char* name;
    int slots, scalars;
    // params and each slot INOUT (n,), grads IN (n,), scalars IN: the step's numbers, see each
    // functor.
    void (*update)(T* params, const T* grads, T* const* slots, const T* scalars, std::size_t n);
};

template <class T> struct MathKernel {
    const char* name;
    void (*run)(const T* x, T* out, std::size_t n);
};

// A (rows, columns) matrix whose rows lie `stride` elements apart.
template <class T> struct Strided {
    T* data;
    std::size_t stride;
};

template <class T> Strided<const T> readable(Strided<T> s) { return {s.data, s.stride}; }

template <class T> struct MatrixKernels {
    // out[r, j] = sum over k of a[r, k] * b[k, j], + bias[j] unless bias is null; b in column
    // panels.
    void (*matmul)(Strided<const T> a, const T* panels, const T* bias, Strided<T> out,
                   std::size_t rows, std::size_t inner, std::size_t columns);
    // out[k, j] = sum over rows r of x[r, k] * d[r, j] for k < inner, j < columns <= panel width;
    // out is contiguous (inner, columns). Where it goes on, the sums start from what out holds.
    void (*outer)(Strided<const T> x, Strided<const T> d, T* out, std::size_t rows,
                  std::size_t inner, std::size_t columns, bool goes_on);
    // out[j] = sum over rows of d[r, j].
    void (*column_sums)(Strided<const T> d, T* out, std::size_t rows, std::size_t columns);
    // out[j, i] = in[i, j] for i < rows, j < columns.
    void (*transpose)(Strided<const T> in, Strided<T> out, std::size_t rows, std::size_t columns);
};

template <class T> struct RandomKernels {
    // out OUT (n,): the mask of elements first .. first + n - 1 of the batch.
    void (*dropout_mask)(std::uint64_t seed, std::uint32_t stream, std::uint64_t step, double rate,
                         std::size_t first, T* out, std::size_t n);
    // out OUT (n,): numbers first .. first + n - 1 of the stream.
    void (*uniform)(std::uint64_t seed, std::uint32_t stream, std::size_t first, double* out,
                    std::size_t n);
};

template <class E> struct List {
    const E* entries;
    std::size_t count;
    const E* begin() const { return entries; }
    const E* end() const { return entries + count; }
};

template <class T> struct KernelTable {
    List<LossKernel<T>> losses;
    List<MetricKernel<T>> metrics;
    List<ActivationKernel<T>> activations;
    List<OptimizerKernel<T>> optimizers;
    List<MathKernel<T>> math;
    MatrixKernels<T> matrix;
    RandomKernels<T> random;
    // Whether none of n numbers is a NaN or an infinity.
    bool (*all_finite)(const T* x, std::size_t n);
};

// Panels: a (inner, columns) matrix is stored as column panels of this width, each contiguous
// (inner, width) with rows ascending; the last panel is as wide as what is left. A constant of the
// format, not of an instruction set.
template <class T> inline constexpr std::size_t kPanelWidth = 128 / sizeof(T);

} // namespace kudari
