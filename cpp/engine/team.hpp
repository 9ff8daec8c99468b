// The team of threads: the caller and workers that spin for a short while and then sleep. One call
// at a time has the workers; a second one, from another thread, runs alone. A child of a fork
// starts a team of its own.
#pragma once

#include <atomic>
#include <functional>

namespace kudari {

// How many threads a call may use; 0 until it is set, and then as good as 1.
int thread_limit();
void set_thread_limit(int threads);

// Runs job(rank, threads) on up to `threads` threads, rank 0 the caller's, and waits for all.
// `threads` in the call to `job` is how many there really are.
void run_on_team(int threads, const std::function<void(int rank, int threads)>& job);

// Where the threads of one job meet.
class Barrier {
  public:
    void wait(int threads);

  private:
    // Each on a cache line of its own: who waits reads one while who comes writes the other.
    alignas(64) std::atomic<int> waiting_{0};
    alignas(64) std::atomic<unsigned> round_{0};
};

} // namespace kudari
