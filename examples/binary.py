"""Two classes: which points lie inside a ring. A sigmoid output and binary crossentropy."""

import numpy as np

import kudari as keras
from kudari import layers

keras.utils.set_random_seed(1)
rng = np.random.default_rng(1)

x = rng.uniform(-1, 1, (4000, 2)).astype(np.float32)
radius = np.hypot(x[:, 0], x[:, 1])
y = ((radius > 0.4) & (radius < 0.8)).astype(np.float32)

model = keras.Sequential(
    [
        layers.Dense(64, activation="relu", input_shape=(2,)),
        layers.Dense(32, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.summary()

# The last fifth of the rows is held out; training stops when its loss does not improve any more.
stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
history = model.fit(x, y, epochs=60, validation_split=0.2, callbacks=[stop], verbose=2)

points = np.array([[0.0, 0.0], [0.6, 0.0], [0.9, 0.9]], dtype=np.float32)
for point, probability in zip(points, model.predict(points, verbose=0)[:, 0], strict=True):
    print(f"{point} lies in the ring with probability {probability:.3f}")
print(f"best held-out accuracy {max(history.history['val_accuracy']):.3f}")
