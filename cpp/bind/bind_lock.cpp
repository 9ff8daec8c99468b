// Who may be in a model: one thread at a time, and nothing that changes it while `fit` runs. Calls
// that leave the model as it is wait for each other; all others refuse to run side by side. This is
// compiled because Ctrl-C can fall between any two steps of Python: entering and leaving must be
// one step each, or an interrupted call would never leave.
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

#include "bind/module.hpp"

namespace kudari {

namespace {

namespace py = pybind11;

struct ModelLock {
    unsigned long thread = 0;
    int depth = 0; // calls within each other, all of this thread
    bool alone = false;
    // Of those that wait. All other fields are the holder's of the interpreter's lock.
    std::mutex mutex;
    std::condition_variable left;
};

constexpr auto kLookForSignals = std::chrono::milliseconds(20);

// Waits until the model may be free; Ctrl-C is heard meanwhile.
void wait(ModelLock& lock) {
    {
        // The mutex is taken before the interpreter's lock is let go, so that no leave is missed;
        // nobody takes the interpreter's lock while holding the mutex.
        std::unique_lock mutex(lock.mutex);
        PyThreadState* const state = PyEval_SaveThread();
        lock.left.wait_for(mutex, kLookForSignals);
        mutex.unlock();
        PyEval_RestoreThread(state);
    }
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

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
    while (lock.depth && lock.thread != thread) {
        if (lock.alone || entry.alone)
            refuse(entry.where, "a call while another thread uses the model. Wait for it, or build "
                                "a second model.");
        wait(lock);
    }
    if (lock.depth && entry.alone)
        refuse(entry.where, "a call from within another call of the same model. Call it after fit "
                            "has returned.");
    if (!lock.depth) lock.alone = entry.alone;
    lock.thread = thread;
    ++lock.depth;
}

void leave(const LockEntry& entry, const py::args&) {
    ModelLock& lock = *entry.lock;
    if (--lock.depth) return;
    const std::lock_guard mutex(lock.mutex);
    lock.left.notify_one();
}

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
