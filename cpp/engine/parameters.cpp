#include "engine/parameters.hpp"

#include <algorithm>
#include <stdexcept>

#include "engine/parallel.hpp"

namespace kudari {

namespace {

template <class T> void copy(const Buffer<T>& from, Buffer<T>& to) {
    for_each_share(work_on_values(from.size()), [&](Share share) {
        std::copy_n(from.data() + share.first, share.end - share.first, to.data() + share.first);
    });
}

} // namespace

template <class T>
Parameters<T>::Parameters(std::size_t input_size, const std::vector<LayerSpec>& layers) {
    std::size_t inner = input_size, end = 0;
    for (const LayerSpec& layer : layers) {
        if (layer.kind != LayerKind::dense) continue;
        DenseWeights d{inner, layer.units, layer.use_bias, layer.trainable, end, 0};
        end += whole_lines<T>(d.kernel_size());
        d.bias = end;
        if (d.use_bias) end += whole_lines<T>(d.units);
        inner = layer.units;
        dense_.push_back(d);
    }
    for (const DenseWeights& d : dense_) {
        refs_.push_back({&d, false});
        if (d.use_bias) refs_.push_back({&d, true});
    }
    values_ = Buffer<T>(end);
}

template <class T> void Parameters<T>::make_slots(std::size_t count, bool fresh) {
    if (count != slots_.size() || fresh) {
        slots_.clear();
        for (std::size_t s = 0; s < count; ++s) slots_.emplace_back(values_.size());
    }
}

template <class T> void Parameters<T>::keep() {
    if (kept_.size() != 1 + slots_.size()) {
        kept_.clear();
        for (std::size_t i = 0; i < 1 + slots_.size(); ++i) kept_.emplace_back(values_.size());
    }
    copy(values_, kept_.front());
    for (std::size_t s = 0; s < slots_.size(); ++s) copy(slots_[s], kept_[1 + s]);
}

template <class T> void Parameters<T>::put_back() {
    if (kept_.size() != 1 + slots_.size()) throw std::logic_error("no copy was kept");
    copy(kept_.front(), values_);
    for (std::size_t s = 0; s < slots_.size(); ++s) copy(kept_[1 + s], slots_[s]);
}

template <class T>
void Parameters<T>::read(const Buffer<T>& arena, std::size_t index, T* out) const {
    const WeightRef& r = refs_.at(index);
    const T* from = arena.data() + offset(r);
    if (r.is_bias)
        std::copy_n(from, r.layer->units, out);
    else
        from_panels(from, r.layer->inner, r.layer->units, out);
}

template <class T> void Parameters<T>::write(Buffer<T>& arena, std::size_t index, const T* value) {
    const WeightRef& r = refs_.at(index);
    T* to = arena.data() + offset(r);
    if (r.is_bias)
        std::copy_n(value, r.layer->units, to);
    else
        to_panels(value, r.layer->inner, r.layer->units, to);
}

template class Parameters<float>;
template class Parameters<double>;

} // namespace kudari
