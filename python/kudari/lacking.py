"""Keras's names that this version of kudari lacks: they are no misspelt names of kudari's own."""

ACTIVATIONS = "celu elu exponential gelu glu hard_sigmoid leaky_relu log_softmax mish relu6 selu"
ACTIVATIONS += " log_sigmoid silu softplus softsign swish"
OPTIMIZERS = "adadelta adafactor adagrad adamax adamw ftrl lion muon nadam"
LAYERS = "batchnormalization conv1d conv2d conv3d embedding lstm gru leakyrelu prelu relu softmax"
METRICS = "auc f1score mape msle precision recall kldivergence poisson top_k_categorical_accuracy"
OPTIONS = "activity_regularizer bias_constraint bias_regularizer kernel_constraint"
OPTIONS += " kernel_regularizer lora_alpha lora_rank noise_shape quantization_config batch_size"
OPTIONS += " batch_shape batch_input_shape autocast sparse"

NAMES = frozenset(" ".join((ACTIVATIONS, OPTIMIZERS, LAYERS, METRICS, OPTIONS)).split())

SAVING = (
    "Keep the code that builds the model: model.save_weights('model.safetensors') writes its "
    "weights, model.load_weights reads them."
)
FUNCTIONAL = "Put the layers in Sequential([...]); kudari has no functional API."

_CODE = "Keep the code that builds the model; its weights are model.get_weights()."
METHODS = {
    **dict.fromkeys(("save", "export"), SAVING),
    **dict.fromkeys(("to_json", "get_config", "from_config", "get_compile_config"), _CODE),
    "get_layer": "Use model.layers[index].",
}
