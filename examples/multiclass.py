"""Ten classes: digits as a pocket calculator shows them, with noise. Softmax, whole labels."""

import numpy as np

import kudari as keras
from kudari import layers

# The seven bars, top, upper left, upper right, middle, lower left, lower right, bottom: a bit each.
BARS = [0b1110111, 0b0010010, 0b1011101, 0b1011011, 0b0111010]
BARS += [0b1101011, 0b1101111, 0b1010010, 0b1111111, 0b1111011]

keras.utils.set_random_seed(2)
rng = np.random.default_rng(2)

shapes = (np.array(BARS)[:, None] >> np.arange(6, -1, -1)) & 1
labels = rng.integers(0, 10, 6000)
x = shapes[labels] + rng.normal(scale=0.2, size=(6000, 7))
x_train, x_test = x[:5000], x[5000:]
y_train, y_test = labels[:5000], labels[5000:]

model = keras.Sequential(
    [
        keras.Input((7,)),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.1),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.SGD(learning_rate=0.05, momentum=0.9),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, batch_size=64, epochs=15, verbose=2)

loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"held-out loss {loss:.4f}, accuracy {accuracy:.3f}")

confused = np.zeros((10, 10), dtype=int)
np.add.at(confused, (y_test, model.predict(x_test, verbose=0).argmax(axis=1)), 1)
print("digits (rows) and what they were taken for (columns):")
print(confused)
