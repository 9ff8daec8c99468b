// m += (g - m)(1 - beta_1),  v += (g^2 - v)(1 - beta_2),  amsgrad: h = max(h, v), else h = v
// w -= m alpha / (sqrt(h) + eps),  alpha = lr sqrt(1 - beta_2^t) / (1 - beta_1^t)
// Slots m, v, then h for amsgrad; scalars alpha, 1 - beta_1, 1 - beta_2, eps. Source: Kingma and Ba
// (2015), section 2, the reordered form ("epsilon hat"); Reddi et al. (2018) for amsgrad.
#pragma once

#include "kernels/optimizers/update.hpp"

namespace kudari::KUDARI_ISA {

template <class T, bool kAmsgrad> struct AdamRule {
    static constexpr int kSlots = 2 + kAmsgrad, kScalars = 4;
    Vec<T> alpha, rest_1, rest_2, epsilon;
    explicit AdamRule(const T* s)
        : alpha(set(s[0])), rest_1(set(s[1])), rest_2(set(s[2])), epsilon(set(s[3])) {}
    KUDARI_INLINE void step(Vec<T>& w, const Vec<T>& g, Vec<T>* slot) const {
        slot[0] = slot[0] + (g - slot[0]) * rest_1;
        slot[1] = slot[1] + (g * g - slot[1]) * rest_2;
        if constexpr (kAmsgrad) slot[2] = larger(slot[1], slot[2]);
        w = w - (slot[0] * alpha) / (square_root(slot[kSlots - 1]) + epsilon);
    }
};

template <class T> using Adam = AdamRule<T, false>;
template <class T> using Amsgrad = AdamRule<T, true>;

} // namespace kudari::KUDARI_ISA
