// A net's layers and where their parameters lie: one arena for the parameters, and one of the same
// layout for each optimizer slot.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/buffer.hpp"
#include "engine/panels.hpp"

namespace kudari {

enum class LayerKind { dense, activation, dropout };

struct LayerSpec {
    LayerKind kind;
    std::size_t units = 0;    // dense
    bool use_bias = true;     // dense
    bool trainable = true;    // dense
    std::string activation;   // activation
    double rate = 0;          // dropout
    std::uint32_t stream = 0; // dropout: with the seed and the step it keys the random numbers
    std::optional<std::uint64_t> seed{}; // dropout: instead of the network's
};

// One dense layer's kernel, (inner, units) in panels, and bias, (units,), as offsets into an arena.
struct DenseWeights {
    std::size_t inner, units;
    bool use_bias, trainable;
    std::size_t kernel, bias;
    std::size_t kernel_size() const { return inner * units; }
};

// Kernels and biases in Keras's order: kernel, bias, kernel, bias ...
struct WeightRef {
    const DenseWeights* layer;
    bool is_bias;
    std::size_t size() const { return is_bias ? layer->units : layer->kernel_size(); }
};

template <class T> class Parameters {
  public:
    Parameters(std::size_t input_size, const std::vector<LayerSpec>& layers);

    const std::vector<DenseWeights>& dense() const { return dense_; }
    // Values of all kernels: the multiplications that a row costs going forward.
    std::size_t kernel_values() const {
        std::size_t values = 0;
        for (const DenseWeights& d : dense_) values += d.kernel_size();
        return values;
    }
    std::size_t weight_count() const { return refs_.size(); }
    const WeightRef& ref(std::size_t index) const { return refs_.at(index); }

    // Matrices in Keras's layout, row-major.
    void read_weight(std::size_t index, T* out) const { read(values_, index, out); }
    void write_weight(std::size_t index, const T* value) { write(values_, index, value); }
    void read_slot(std::size_t index, std::size_t slot, T* out) const {
        read(slots_.at(slot), index, out);
    }
    void write_slot(std::size_t index, std::size_t slot, const T* value) {
        write(slots_.at(slot), index, value);
    }
    std::size_t slot_count() const { return slots_.size(); }
    // `count` arenas of zeros; an equal count keeps what is there unless `fresh`.
    void make_slots(std::size_t count, bool fresh);

    // Copies all parameters and slots, and puts the last copy back.
    void keep();
    void put_back();

    // Of an arena.
    std::size_t size() const { return values_.size(); }
    T* values() { return values_.data(); }
    T* slot(std::size_t s) { return slots_[s].data(); }

  private:
    std::size_t offset(const WeightRef& r) const {
        return r.is_bias ? r.layer->bias : r.layer->kernel;
    }
    void read(const Buffer<T>& arena, std::size_t index, T* out) const;
    void write(Buffer<T>& arena, std::size_t index, const T* value);

    std::vector<DenseWeights> dense_;
    std::vector<WeightRef> refs_;
    Buffer<T> values_;
    std::vector<Buffer<T>> slots_, kept_; // kept: the values, then the slots
};

} // namespace kudari
