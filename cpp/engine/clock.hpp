// Seconds since some moment.
#pragma once

#include <chrono>

namespace kudari {

inline double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

} // namespace kudari
