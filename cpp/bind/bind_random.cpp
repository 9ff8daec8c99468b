#include "bind/module.hpp"
#include "bind/shared.hpp"
#include "isa/isa.hpp"
#include "kernels/random.hpp"

namespace kudari {

namespace {

constexpr std::size_t kDrawGrain = 64, kDrawCost = 4; // a draw costs so many values of a loop

// The purpose of the numbers stands above the stream's 24 bits.
std::uint32_t checked(std::uint32_t stream) {
    require(stream < 1u << 24, "expected a stream below 2^24");
    return stream;
}

void draw_uniform(std::uint64_t seed, std::uint32_t stream, const py::array& out) {
    const auto n = std::size_t(out.size());
    const std::uint32_t key = checked(stream);
    double* to = output<double>(out, n);
    const auto draw = active_isa().float64.random.uniform;
    run_shared(Work{n, kDrawGrain, kDrawCost}, [=](Share share) {
        draw(seed, key, share.first, to + share.first, share.end - share.first);
    });
}

void draw_permutation(std::uint64_t seed, std::uint64_t epoch, const py::array& out) {
    const auto n = std::size_t(out.size());
    permutation(seed, epoch, output<std::int64_t>(out, n), n);
}

void draw_dropout_mask(std::uint64_t seed, std::uint32_t stream, std::uint64_t step, double rate,
                       const py::array& out) {
    by_dtype(out, [&]<class T>(T) {
        const auto n = std::size_t(out.size());
        const std::uint32_t key = checked(stream);
        T* to = output<T>(out, n);
        const auto draw = active_isa().table<T>().random.dropout_mask;
        run_shared(Work{n, kDrawGrain, kDrawCost}, [=](Share share) {
            draw(seed, key, step, rate, share.first, to + share.first, share.end - share.first);
        });
    });
}

} // namespace

void bind_random(py::module_& m) {
    using py::arg;
    m.def("random_uniform", &draw_uniform, arg("seed"), arg("stream"), arg("out"));
    m.def("permutation", &draw_permutation, arg("seed"), arg("epoch"), arg("out"));
    m.def("dropout_mask", &draw_dropout_mask, arg("seed"), arg("stream"), arg("step"), arg("rate"),
          arg("out"));
}

} // namespace kudari
