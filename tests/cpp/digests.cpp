// Trains small nets with every loss and optimizer on every instruction set of this machine, on one
// thread and on several, by rows and layer by layer: all must give the same digest of weights,
// slots, losses and predictions, that of the file.
//
//   digests FILE             compares; prints what differs
//   digests --write FILE     writes the file anew
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "engine/pace.hpp"
#include "engine/team.hpp"
#include "nets.hpp"

namespace kudari::testing {

namespace {

struct Case {
    std::string name;
    Run run;
    bool in_double;
};

struct LossCase {
    const char* loss;
    const char* last;
    bool from_logits;
    const char* metric; // or null
};

constexpr LossCase kLosses[] = {
    {"mean_squared_error", "", false, nullptr},
    {"mean_absolute_error", "", false, nullptr},
    {"huber", "tanh", false, nullptr},
    {"binary_crossentropy", "sigmoid", false, "binary_accuracy"},
    {"sigmoid_crossentropy", "sigmoid", true, "binary_accuracy"},
    {"categorical_crossentropy", "softmax", false, "categorical_accuracy"},
    {"softmax_crossentropy", "softmax", true, "categorical_accuracy"},
    {"sparse_categorical_crossentropy", "softmax", false, "sparse_categorical_accuracy"},
    {"sparse_softmax_crossentropy", "softmax", true, "sparse_categorical_accuracy"},
};
constexpr const char* kHidden[] = {"relu", "tanh", "sigmoid"};

// Every loss with every optimizer; hidden activations, dropout and sample weights take turns.
std::vector<Case> small_cases() {
    std::vector<Case> out;
    for (const bool in_double : {false, true})
        for (const LossCase& loss : kLosses)
            for (const OptimizerKernel<float>& optimizer : any_table<float>().optimizers) {
                const std::size_t i = out.size();
                Run run{{{37, 53, 29, 7}, kHidden[i % 3], loss.last, i % 2 ? 0.25 : 0.0},
                        loss.loss,
                        optimizer.name,
                        loss.from_logits,
                        {},
                        100,
                        33,
                        2,
                        i % 5 < 2};
                if (loss.metric) run.metrics.emplace_back(loss.metric);
                const std::string type = in_double ? "float64 " : "float32 ";
                out.push_back({type + loss.loss + " " + optimizer.name, run, in_double});
            }
    return out;
}

// The nets of the benchmark: few steps of each.
std::vector<Case> net_cases() {
    return {
        {"spam",
         {{{100, 64, 32, 1}, "relu", "sigmoid"},
          "binary_crossentropy",
          "adam",
          false,
          {},
          70,
          32,
          2},
         false},
        {"house",
         {{{13, 64, 32, 1}, "relu", ""}, "mean_squared_error", "adam", false, {}, 600, 256, 2},
         false},
        {"mnist",
         {{{784, 128, 64, 10}, "relu", "softmax"},
          "sparse_softmax_crossentropy",
          "adam",
          true,
          {},
          300,
          129,
          1},
         false},
        {"higgs",
         {{{28, 300, 300, 1}, "tanh", "sigmoid"},
          "sigmoid_crossentropy",
          "momentum",
          true,
          {},
          130,
          100,
          1},
         false},
        {"one row",
         {{{100, 64, 32, 1}, "relu", "sigmoid"}, "binary_crossentropy", "adam", false, {}, 5, 1, 1},
         false},
    };
}

struct Setting {
    std::string isa;
    int threads;
    std::optional<bool> by_layers;
    std::string name() const {
        const std::string way = !by_layers ? "" : *by_layers ? ", by layers" : ", by rows";
        return isa + ", " + std::to_string(threads) + " threads" + way;
    }
};

std::vector<Setting> settings() {
    std::vector<Setting> out;
    for (const std::string& isa : available_isas()) {
        for (const bool by_layers : {false, true})
            for (const int threads : {1, 2}) out.push_back({isa, threads, by_layers});
        out.push_back({isa, 3, true});
        out.push_back({isa, 7, false});
    }
    out.push_back({available_isas().back(), 16, std::nullopt}); // as the clock chooses
    return out;
}

using Digests = std::map<std::string, std::string>;

std::string text_of(std::uint64_t digest) {
    char text[17];
    std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(digest));
    return text;
}

std::vector<Case> all_cases() {
    std::vector<Case> cases = small_cases();
    for (const Case& one : net_cases()) cases.push_back(one);
    return cases;
}

// Of `setting`, every case.
Digests digests_on(const Setting& setting) {
    use_isa(setting.isa);
    set_thread_limit(setting.threads);
    hold_to(setting.by_layers);
    Digests out;
    for (const Case& one : all_cases())
        out[one.name] =
            text_of(one.in_double ? digest_of<double>(one.run) : digest_of<float>(one.run));
    return out;
}

void write(const Digests& digests, std::ostream& out) {
    for (const auto& [name, digest] : digests) out << digest << ' ' << name << '\n';
}

Digests read(const std::string& path) {
    std::ifstream in(path);
    Digests out;
    std::string digest, name;
    while (in >> digest && std::getline(in >> std::ws, name)) out[name] = digest;
    return out;
}

// How many of `wanted` differ on this machine.
int compare(const Digests& wanted) {
    int wrong = 0, checked = 0;
    for (const Setting& setting : settings()) {
        const Digests got = digests_on(setting);
        if (got.size() != wanted.size()) ++wrong;
        for (const auto& [name, digest] : got) {
            const auto found = wanted.find(name);
            const std::string expected = found == wanted.end() ? "nothing" : found->second;
            ++checked;
            if (digest == expected) continue;
            ++wrong;
            std::cout << setting.name() << ": " << name << ": expected " << expected
                      << ", received " << digest << '\n';
        }
    }
    std::cout << checked << " digests on " << settings().size() << " settings, " << wrong
              << " wrong\n";
    return wrong;
}

} // namespace

} // namespace kudari::testing

int main(int argc, char** argv) {
    using namespace kudari::testing;
    const std::vector<std::string> args(argv + 1, argv + argc);
    if (args.size() == 1) return compare(read(args[0])) == 0 ? 0 : 1;
    if (args.size() == 2 && args[0] == "--write") {
        std::ofstream out(args[1]);
        write(digests_on(settings().front()), out);
        return out.good() ? 0 : 1;
    }
    std::cerr << "usage: digests FILE | --write FILE\n";
    return 2;
}
