// Who may be in a model: one thread at a time, and nothing that changes it while `fit` runs. This
// is compiled because Ctrl-C can fall between any two steps of Python: entering and leaving must be
// one step each, or an interrupted call would never leave.
#include <memory>
#include <stdexcept>
#include <string>

#include "bind/module.hpp"

namespace kudari {

namespace {

namespace py = pybind11;

struct ModelLock {
    unsigned long thread = 0;
    int depth = 0; // calls within each other, all of this thread
};

struct LockEntry {
    std::shared_ptr<ModelLock> lock;
    std::string where;
    bool alone;
};

[[noreturn]] void refuse(const std::string& where, const char* received_and_fix) {
    throw std::runtime_error("[" + where + "] expected a model that is at rest; received " +
                             received_and_fix);
}

void enter(const LockEntry& entry) {
    ModelLock& lock = *entry.lock;
    const unsigned long thread = PyThread_get_thread_ident();
    if (lock.depth && lock.thread != thread)
        refuse(entry.where, "a call while another thread uses the model. Wait for it, or build a "
                            "second model.");
    if (lock.depth && entry.alone)
        refuse(entry.where, "a call from within another call of the same model. Call it after fit "
                            "has returned.");
    lock.thread = thread;
    ++lock.depth;
}

void leave(const LockEntry& entry, const py::args&) { --entry.lock->depth; }

} // namespace

void bind_lock(py::module_& m) {
    using py::arg;
    py::class_<LockEntry>(m, "LockEntry", py::is_final())
        .def("__enter__", &enter)
        .def("__exit__", &leave);
    py::class_<ModelLock, std::shared_ptr<ModelLock>>(m, "ModelLock", py::is_final())
        .def(py::init<>())
        .def(
            "inside",
            [](std::shared_ptr<ModelLock> lock, std::string where) {
                return LockEntry{std::move(lock), std::move(where), false};
            },
            arg("where"))
        .def(
            "alone",
            [](std::shared_ptr<ModelLock> lock, std::string where) {
                return LockEntry{std::move(lock), std::move(where), true};
            },
            arg("where"));
}

} // namespace kudari
