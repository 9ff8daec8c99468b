// The arrays of a fit, evaluate or predict, held for as long as the engine reads them.
#pragma once

#include <algorithm>
#include <iterator>

#include "bind/arrays.hpp"
#include "engine/rows.hpp"

namespace kudari {

inline Element element_of(const py::array& a) {
    const char kind = a.dtype().kind();
    const auto size = a.itemsize();
    require(a.dtype().byteorder() != '>', "expected native byte order; convert x first");
    if (kind == 'b') return Element::boolean;
    if (kind == 'f' && size == 4) return Element::float32;
    if (kind == 'f' && size == 8) return Element::float64;
    const bool sign = kind == 'i';
    require(sign || kind == 'u', "expected x of booleans, integers, float32 or float64");
    switch (size) {
    case 1: return sign ? Element::int8 : Element::uint8;
    case 2: return sign ? Element::int16 : Element::uint16;
    case 4: return sign ? Element::int32 : Element::uint32;
    default: return sign ? Element::int64 : Element::uint64;
    }
}

// Whether every value lies in [low, high]; a NaN lies nowhere.
inline bool within(const py::array& values, double low, double high) {
    require_contiguous(values);
    const Element element = element_of(values);
    const char* from = static_cast<const char*>(values.data());
    double block[512];
    for (std::size_t left = std::size_t(values.size()); left;) {
        const std::size_t n = std::min(left, std::size(block));
        gather(from, element, n, {nullptr, 0}, 1, block, n);
        bool inside = true;
        for (std::size_t i = 0; i < n; ++i) inside &= (block[i] >= low) & (block[i] <= high);
        if (!inside) return false;
        from += n * std::size_t(values.itemsize());
        left -= n;
    }
    return true;
}

class Dataset {
  public:
    Dataset(const py::array& x, const MaybeArray& y, const MaybeArray& sample_weight)
        : x_(x), y_(y), weight_(sample_weight) {
        require(x.ndim() == 2, "expected x of shape (rows, features)");
        require_contiguous(x);
        rows_.x = x.data();
        rows_.x_element = element_of(x);
        rows_.count = std::size_t(x.shape(0));
        rows_.features = std::size_t(x.shape(1));
        if (y) hold_targets(*y);
        if (sample_weight) {
            require_rows_of(*sample_weight, 1);
            rows_.weights = sample_weight->data();
        }
    }

    const Rows& rows() const { return rows_; }

    // y and the weights are what a network of T with such labels and outputs reads.
    template <class T> void require_targets(Labels labels, std::size_t outputs) const {
        require(bool(y_), "expected y");
        if (labels == Labels::sparse) {
            require(rows_.labels != nullptr, "expected int32 labels");
            require(rows_.count == 0 || (lowest_ >= 0 && std::size_t(highest_) < outputs),
                    "expected labels in [0, outputs)");
        } else {
            require(rows_.y != nullptr && is_array_of<T>(*y_), "expected y of the model's dtype");
            require(rows_.columns == outputs, "expected as many columns in y as outputs");
        }
        require(!weight_ || is_array_of<T>(*weight_), "expected weights of the model's dtype");
    }

  private:
    void require_rows_of(const py::array& a, py::ssize_t axes) const {
        require_contiguous(a);
        require(a.ndim() == axes && std::size_t(a.shape(0)) == rows_.count,
                "expected as many rows as x has");
    }
    void hold_targets(const py::array& y) {
        if (is_array_of<std::int32_t>(y)) {
            require_rows_of(y, 1);
            rows_.labels = static_cast<const std::int32_t*>(y.data());
            if (!rows_.count) return;
            const auto [low, high] = std::minmax_element(rows_.labels, rows_.labels + rows_.count);
            lowest_ = *low;
            highest_ = *high;
        } else {
            require_rows_of(y, 2);
            rows_.y = y.data();
            rows_.columns = std::size_t(y.shape(1));
        }
    }

    py::array x_;
    MaybeArray y_, weight_;
    Rows rows_;
    std::int32_t lowest_ = 0, highest_ = 0;
};

} // namespace kudari
