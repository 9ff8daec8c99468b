// A kernel's run on the team of threads, without Python's lock.
#pragma once

#include "bind/arrays.hpp"
#include "engine/parallel.hpp"

namespace kudari {

// f(share) for shares that cover all of the work. The first call of all asks for the number of
// threads, which the environment may say.
template <class F> void run_shared(Work work, const F& f) {
    if (!thread_limit()) py::module_::import("kudari.cpu").attr("get_num_threads")();
    const py::gil_scoped_release unlocked;
    for_each_share(work, f);
}

} // namespace kudari
