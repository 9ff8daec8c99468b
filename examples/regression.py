"""A quantity: how far a ball flies, from speed, angle and height. Linear output, squared error."""

import numpy as np

import kudari as keras
from kudari import layers

keras.utils.set_random_seed(3)
rng = np.random.default_rng(3)

speed = rng.uniform(5, 30, 5000)  # m/s
angle = rng.uniform(10, 80, 5000)  # degrees
height = rng.uniform(0, 10, 5000)  # m
up, along = speed * np.sin(np.radians(angle)), speed * np.cos(np.radians(angle))
distance = along * (up + np.sqrt(up**2 + 2 * 9.81 * height)) / 9.81
distance += rng.normal(scale=0.5, size=5000)  # the measuring tape is not perfect

x = np.stack([speed, angle, height], axis=1)
train, test = slice(0, 4000), slice(4000, None)

# Nets learn best from columns of mean 0 and spread 1; the training rows give both.
x = (x - x[train].mean(axis=0)) / x[train].std(axis=0)
mean, spread = distance[train].mean(), distance[train].std()
y = (distance - mean) / spread

model = keras.Sequential(
    [
        layers.Dense(64, activation="relu", input_shape=(3,)),
        layers.Dense(32, activation="relu"),
        layers.Dense(1),
    ]
)

# A learning rate that falls smoothly, by 40 percent in a thousand steps.
rate = keras.optimizers.schedules.ExponentialDecay(0.005, decay_steps=1000, decay_rate=0.6)
model.compile(optimizer=keras.optimizers.Adam(learning_rate=rate), loss="mse", metrics=["mae"])
model.fit(x[train], y[train], epochs=60, validation_data=(x[test], y[test]), verbose=2)

predicted = model.predict(x[test], verbose=0)[:, 0] * spread + mean
error = np.abs(predicted - distance[test]).mean()
print(f"mean error {error:.2f} m of distances up to {distance.max():.0f} m; the tape's is 0.40 m")
