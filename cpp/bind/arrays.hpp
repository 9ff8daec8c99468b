// NumPy arrays as spans: checked, never converted.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <vector>

#include "kernels/table.hpp"

namespace kudari {

namespace py = pybind11;

inline bool has_dtype(const py::array& a, char kind, py::ssize_t size) {
    return a.dtype().kind() == kind && a.itemsize() == size && a.dtype().byteorder() != '>';
}

template <class T> bool is_array_of(const py::array& a) {
    if constexpr (std::is_floating_point_v<T>)
        return has_dtype(a, 'f', sizeof(T));
    else
        return has_dtype(a, 'i', sizeof(T));
}

inline void require(bool condition, const char* what) {
    if (!condition) throw py::type_error(std::string("[_core] ") + what);
}

inline void require_contiguous(const py::array& a) {
    require(a.flags() & py::array::c_style, "expected a C-contiguous array; copy it first");
}

template <class T> const T* input(const py::array& a, std::size_t size) {
    require(is_array_of<T>(a), "expected another dtype; convert the array first");
    require_contiguous(a);
    require(std::size_t(a.size()) == size, "expected another number of elements; check the shape");
    return static_cast<const T*>(a.data());
}

template <class T> T* output(py::array a, std::size_t size) {
    input<T>(a, size);
    require(a.writeable(), "expected a writeable array; pass a copy");
    return static_cast<T*>(a.mutable_data());
}

using MaybeArray = std::optional<py::array>;

template <class T> const T* input(const MaybeArray& a, std::size_t size) {
    return a ? input<T>(*a, size) : nullptr;
}
template <class T> T* output(const MaybeArray& a, std::size_t size) {
    return a ? output<T>(*a, size) : nullptr;
}

// f(float{}) or f(double{}) by the array's dtype.
template <class F> auto by_dtype(const py::array& a, F f) {
    if (is_array_of<float>(a)) return f(float{});
    require(is_array_of<double>(a), "expected float32 or float64; convert the array first");
    return f(double{});
}

// (rows, columns): the last axis is the columns.
struct Shape {
    std::size_t rows, columns;
};
inline Shape shape_of(const py::array& a) {
    require(a.ndim() > 0, "expected at least one axis; pass an array of shape (1,)");
    const auto columns = std::size_t(a.shape(a.ndim() - 1));
    return {columns ? std::size_t(a.size()) / columns : 0, columns};
}

template <class E> const E& find(const List<E>& list, const std::string& name) {
    for (const E& entry : list)
        if (name == entry.name) return entry;
    throw py::value_error("[_core] expected the name of a compiled kernel; received '" + name +
                          "'. See loss_names(), metric_names() and optimizer_names().");
}

template <class E> std::vector<std::string> names(const List<E>& list) {
    std::vector<std::string> out;
    for (const E& entry : list) out.push_back(entry.name);
    return out;
}

} // namespace kudari
