#include "isa/isa.hpp"

#include <atomic>
#include <cstdlib>
#include <stdexcept>

namespace kudari {

namespace {

#if defined(KUDARI_HAS_avx2) || defined(KUDARI_HAS_avx512)
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#endif

std::vector<const Isa*> supported() {
    std::vector<const Isa*> out{&baseline::isa()};
#if defined(KUDARI_HAS_avx2)
    if (has_avx2()) out.push_back(&avx2::isa());
#endif
#if defined(KUDARI_HAS_avx512)
    if (has_avx512()) out.push_back(&avx512::isa());
#endif
#if defined(KUDARI_HAS_neon)
    out.push_back(&neon::isa());
#endif
    return out;
}

const Isa& find(const std::string& name, const std::string& where) {
    std::string names;
    for (const Isa* isa : supported()) {
        if (name == isa->name) return *isa;
        names += (names.empty() ? "" : ", ") + std::string(isa->name);
    }
    throw std::invalid_argument("[" + where + "] expected an instruction set of this machine (" +
                                names + "); received '" + name +
                                "'. Choose one of these, or none for the widest.");
}

const Isa& initial() {
    const char* name = std::getenv("KUDARI_ISA");
    return name && *name ? find(name, "KUDARI_ISA") : *supported().back();
}

std::atomic<const Isa*>& current() {
    static std::atomic<const Isa*> isa{&initial()};
    return isa;
}

} // namespace

std::vector<std::string> available_isas() {
    std::vector<std::string> out;
    for (const Isa* isa : supported()) out.push_back(isa->name);
    return out;
}

const Isa& active_isa() { return *current().load(); }

void use_isa(const std::string& name) { current().store(&find(name, "cpu.use")); }

} // namespace kudari
