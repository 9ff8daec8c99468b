// The instruction sets compiled in, which of them this processor has, and the one in use.
#pragma once

#include <string>
#include <vector>

#include "isa/entry.hpp"

namespace kudari {

// Names from the plainest to the widest.
std::vector<std::string> available_isas();

// The widest one, or the one that KUDARI_ISA or use_isa() names; std::invalid_argument lists the
// possible names if that one is unknown or not supported here.
const Isa& active_isa();
void use_isa(const std::string& name);

} // namespace kudari
