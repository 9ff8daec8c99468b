"""ONNX Runtime, which predicts."""

from functools import partial
from typing import Any

import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from bench import operands, tasks
from bench.runner import Job, Runner
from bench.tasks import NETS, Array, Net

_OPSET, _IR = 17, 9


def _graph(net: Net, weights: list[Array]) -> Any:
    """A Gemm and an activation for each layer."""
    names = {"relu": "Relu", "tanh": "Tanh", "softmax": "Softmax"}
    value, nodes = "x", []
    for layer in range(len(net.units)):
        last = layer == len(net.units) - 1
        inputs = [value, f"w{2 * layer}", f"w{2 * layer + 1}"]
        nodes.append(helper.make_node("Gemm", inputs, [f"z{layer}"]))
        value = "p" if last else f"a{layer}"
        kind = names[net.last if last else net.hidden]
        nodes.append(helper.make_node(kind, [f"z{layer}"], [value]))
    stored = [numpy_helper.from_array(weight, f"w{index}") for index, weight in enumerate(weights)]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", columns])
        for name, columns in (("x", net.inputs), ("p", net.units[-1]))
    ]
    return helper.make_graph(nodes, net.name, ends[:1], ends[1:], stored)


def predict(job: Job) -> Runner:
    weights, x = tasks.load_rows(job)
    opset = [helper.make_opsetid("", _OPSET)]
    built = helper.make_model(_graph(NETS[job["net"]], weights), opset_imports=opset)
    built.ir_version = _IR
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = job["threads"]
    session = onnxruntime.InferenceSession(built.SerializeToString(), options)
    call = partial(session.run, ["p"], {"x": x})
    return Runner(call, answer=operands.shown(call()[0]))
