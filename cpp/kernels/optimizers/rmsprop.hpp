// v = rho v + (1 - rho) g^2
// centered:  a = rho a + (1 - rho) g,  d = v - a^2 + eps;  plain:  d = v + eps  (eps inside the
// root) increment = lr g / sqrt(d) momentum:  b = mu b + increment,  w -= b;  plain:  w -=
// increment Slots v, then a where centered, then b where there is momentum; scalars lr, rho, 1 -
// rho, eps, then mu.
#pragma once

#include "kernels/optimizers/update.hpp"

namespace kudari::KUDARI_ISA {

template <class T, bool kCentered, bool kMomentum> struct RmspropRule {
    static constexpr int kSlots = 1 + kCentered + kMomentum, kScalars = 4 + kMomentum;
    Vec<T> rate, rho, rest, epsilon, mu;
    explicit RmspropRule(const T* s)
        : rate(set(s[0])), rho(set(s[1])), rest(set(s[2])), epsilon(set(s[3])),
          mu(set(kMomentum ? s[4] : T(0))) {}
    KUDARI_INLINE void step(Vec<T>& w, const Vec<T>& g, Vec<T>* slot) const {
        slot[0] = rho * slot[0] + rest * (g * g);
        Vec<T> denominator = slot[0];
        if constexpr (kCentered) {
            slot[1] = rho * slot[1] + rest * g;
            denominator = denominator - slot[1] * slot[1];
        }
        Vec<T> increment = (rate * g) / square_root(denominator + epsilon);
        if constexpr (kMomentum) {
            increment = mu * slot[kSlots - 1] + increment;
            slot[kSlots - 1] = increment;
        }
        w = w - increment;
    }
};

template <class T> using Rmsprop = RmspropRule<T, false, false>;
template <class T> using RmspropMomentum = RmspropRule<T, false, true>;
template <class T> using RmspropCentered = RmspropRule<T, true, false>;
template <class T> using RmspropCenteredMomentum = RmspropRule<T, true, true>;

} // namespace kudari::KUDARI_ISA
