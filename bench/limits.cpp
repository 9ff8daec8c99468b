// What the machine can do: fused multiply-adds in registers, and memory traffic.
// Compiled by bench/peers/limit.py with VECTOR_BYTES and the flags of one instruction set.

namespace {

typedef float Vec __attribute__((vector_size(VECTOR_BYTES)));
constexpr int kLanes = VECTOR_BYTES / sizeof(float);
constexpr int kChains = 12; // enough to hide the latency, few enough for 16 registers

// t = sum of the arrays read; each array in place becomes a multiple of itself plus t; each output
// becomes t. The arrays come in this order.
template <int kReads, int kInPlace, int kOutputs>
void pass(float* const* arrays, long begin, long end) {
    float* __restrict a[kReads + kInPlace + kOutputs];
    for (int k = 0; k < kReads + kInPlace + kOutputs; ++k) a[k] = arrays[k];
#pragma GCC ivdep
    for (long i = begin; i < end; ++i) {
        float t = a[0][i];
        if constexpr (kReads > 1) t += a[1][i];
        if constexpr (kInPlace > 0) a[kReads][i] = a[kReads][i] * 0.5f + t;
        if constexpr (kInPlace > 1) a[kReads + 1][i] = a[kReads + 1][i] * 0.5f + t;
        if constexpr (kInPlace > 2) a[kReads + 2][i] = a[kReads + 2][i] * 0.5f + t;
        if constexpr (kOutputs > 0) a[kReads + kInPlace][i] = t;
        if constexpr (kOutputs > 1) a[kReads + kInPlace + 1][i] = t;
    }
}

} // namespace

extern "C" {

// Runs `rounds` of 12 chains; floating-point operations: 2 * multiply_add_width() * rounds.
float multiply_add(long rounds) {
    Vec chain[kChains], factor, addend;
    for (int lane = 0; lane < kLanes; ++lane) factor[lane] = 0.5f, addend[lane] = 1.0f + lane;
    for (auto& vector : chain) vector = addend;
    for (long round = 0; round < rounds; ++round)
#pragma GCC unroll 12
        for (auto& vector : chain) vector = vector * factor + addend;
    float total = 0;
    for (auto& vector : chain)
        for (int lane = 0; lane < kLanes; ++lane) total += vector[lane];
    return total;
}

int multiply_add_width() { return kChains * kLanes; }

// `repeats` passes over elements begin to end; 0 where the kind of pass is not among these.
int traffic(float* const* arrays, int reads, int in_place, int outputs, long begin, long end,
            long repeats) {
    void (*kind)(float* const*, long, long) = nullptr;
    if (reads == 1 && in_place == 2 && outputs == 0) kind = pass<1, 2, 0>;
    if (reads == 1 && in_place == 3 && outputs == 0) kind = pass<1, 3, 0>;
    if (reads == 1 && in_place == 0 && outputs == 1) kind = pass<1, 0, 1>;
    if (reads == 2 && in_place == 0 && outputs == 1) kind = pass<2, 0, 1>;
    if (reads == 2 && in_place == 0 && outputs == 2) kind = pass<2, 0, 2>;
    if (!kind) return 0;
    for (long repeat = 0; repeat < repeats; ++repeat) kind(arrays, begin, end);
    return 1;
}

} // extern "C"
