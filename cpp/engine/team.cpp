#include "engine/team.hpp"

#include <pthread.h>

#include <algorithm>
#include <mutex>
#include <system_error>
#include <thread>

namespace kudari {

namespace {

// Waits of some ten microseconds for the next call, longer than the time between two of them in a
// loop; and of some hundred for the other threads of a call, who are at work.
constexpr int kSpinsAtRest = 1000, kSpinsAtWork = 10000;

void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Returns once `word` is no longer `old`.
void wait_for_change(const std::atomic<unsigned>& word, unsigned old, int spins) {
    for (int i = 0; i < spins; ++i) {
        if (word.load(std::memory_order_acquire) != old) return;
        pause();
    }
    while (word.load(std::memory_order_acquire) == old) word.wait(old, std::memory_order_acquire);
}

using Job = std::function<void(int, int)>;

constexpr unsigned kMostThreads = 255;

class Team {
  public:
    void run(int threads, const Job& job) {
        std::unique_lock<std::mutex> lock(busy_, std::try_to_lock);
        if (threads <= 1 || !lock) return job(0, 1);
        grow(std::min(threads, int(kMostThreads)) - 1);
        threads = std::min(threads, workers_ + 1);
        job_ = &job;
        left_.store(unsigned(threads - 1), std::memory_order_relaxed);
        const unsigned call = call_.load(std::memory_order_relaxed);
        call_.store(((call | kMostThreads) + 1) | unsigned(threads), std::memory_order_release);
        call_.notify_all();
        job(0, threads);
        for (unsigned left; (left = left_.load(std::memory_order_acquire)) != 0;)
            wait_for_change(left_, left, kSpinsAtWork);
    }

  private:
    // Fewer than asked for where the system gives no more.
    void grow(int workers) {
        try {
            for (; workers_ < workers; ++workers_)
                std::thread([this, rank = unsigned(workers_ + 1), seen = call_.load()] {
                    work(rank, seen);
                }).detach();
        } catch (const std::system_error&) {
        }
    }

    [[noreturn]] void work(unsigned rank, unsigned seen) {
        for (;;) {
            wait_for_change(call_, seen, kSpinsAtRest);
            seen = call_.load(std::memory_order_acquire);
            const unsigned threads = seen & kMostThreads;
            if (rank >= threads) continue;
            (*job_)(int(rank), int(threads));
            if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) left_.notify_one();
        }
    }

    std::mutex busy_;
    int workers_ = 0;
    const Job* job_ = nullptr;
    // The number of the call in the upper bits, its threads in the lower eight: read as one, so
    // that a worker that was not needed for a while takes up no call twice.
    std::atomic<unsigned> call_{0};
    std::atomic<unsigned> left_{0};
};

std::atomic<Team*> team{nullptr};

// The workers are not in the child; their team is left behind, and a new one starts when needed.
void forget_team() { team.store(nullptr); }

Team& current_team() {
    static const int registered = pthread_atfork(nullptr, nullptr, forget_team);
    (void)registered;
    Team* now = team.load();
    if (now) return *now;
    Team* made = new Team; // never freed: workers sleep in it until the process ends
    if (team.compare_exchange_strong(now, made)) return *made;
    delete made;
    return *now;
}

std::atomic<int> limit{0};

} // namespace

int thread_limit() { return limit.load(std::memory_order_relaxed); }
void set_thread_limit(int threads) { limit.store(threads, std::memory_order_relaxed); }

void run_on_team(int threads, const Job& job) { current_team().run(threads, job); }

void Barrier::wait(int threads) {
    if (threads == 1) return;
    const unsigned round = round_.load(std::memory_order_relaxed);
    if (waiting_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
        waiting_.store(0, std::memory_order_relaxed);
        round_.fetch_add(1, std::memory_order_release);
        round_.notify_all();
    } else {
        wait_for_change(round_, round, kSpinsAtWork);
    }
}

} // namespace kudari
