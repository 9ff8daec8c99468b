// Threads that train nets of their own at the same time, contending for the team: each ends with
// the digest of the same run alone. Built with the thread sanitizer, it watches the team.
#include <cstdio>
#include <thread>

#include "engine/pace.hpp"
#include "engine/parallel.hpp"
#include "nets.hpp"

namespace kudari::testing {

namespace {

constexpr int kCallers = 4, kRepeats = 25;

std::vector<Run> runs() {
    std::vector<Run> out;
    for (const char* optimizer : {"adam", "momentum", "rmsprop", "sgd"})
        out.push_back({{{100, 64, 32, 1}, "relu", "sigmoid", 0.25},
                       "binary_crossentropy",
                       optimizer,
                       false,
                       {"binary_accuracy"},
                       300,
                       64,
                       2,
                       true});
    return out;
}

// Fills an array with the numbers of its items, on the team: none may be left out or done twice.
bool shares_cover() {
    std::vector<int> hits(1 << 18);
    for_each_share(work_on_values(hits.size()), [&](Share share) {
        for (std::size_t i = share.first; i < share.end; ++i) ++hits[i];
    });
    for (const int hit : hits)
        if (hit != 1) return false;
    return true;
}

int wrong_with(int threads) {
    set_thread_limit(1);
    std::vector<std::uint64_t> wanted;
    for (const Run& run : runs()) wanted.push_back(digest_of<float>(run));
    set_thread_limit(threads);
    std::atomic<int> wrong{0};
    std::vector<std::thread> callers;
    for (int c = 0; c < kCallers; ++c)
        callers.emplace_back([&, c] {
            for (int i = 0; i < kRepeats; ++i) {
                const auto which = std::size_t(c + i) % wanted.size();
                wrong += digest_of<float>(runs()[which]) != wanted[which];
                wrong += !shares_cover();
            }
        });
    for (std::thread& caller : callers) caller.join();
    return wrong;
}

} // namespace

} // namespace kudari::testing

int main() {
    int wrong = 0;
    for (const int threads : {1, 2, 3, 7}) wrong += kudari::testing::wrong_with(threads);
    std::printf("%d wrong\n", wrong);
    return wrong != 0;
}
