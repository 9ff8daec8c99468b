// Where a number stopped being finite, of a step that was not taken because of it.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/context.hpp"

namespace kudari {

enum class FaultyTensor { weights, input, output, loss, gradient };

struct Fault {
    FaultyTensor tensor;
    std::size_t op;                 // of the plan: whose weights, output, or gradient by its output
    std::vector<std::int64_t> rows; // of the data; none for weights
};

// The first fault, in the order of computation, that the rows phase of a batch of `count` selected
// rows has left in the workspace. Weights come first: an update has overflowed before.
template <class T> Fault find_fault(const Context<T>& c, Selection batch, std::size_t count);

} // namespace kudari
