"""ONNX's own files in ours, in every dtype, as raw bytes and as typed fields."""

import numpy as np
import pytest

from minitorch_cv import interop

onnx = pytest.importorskip("onnx")

DTYPES = ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint64", "uint32",
          "uint16", "uint8", "bool")  # fmt: skip


def model_of(initializers):
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    node = helper.make_node("Identity", [initializers[0].name], ["y"])
    output = helper.make_tensor_value_info("y", kind, None)
    return helper.make_model(helper.make_graph([node], "g", [], [output], initializers))


def test_initialisers(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {k: (rng.normal(size=(2, 3)) * 50).astype(k) for k in DTYPES}
    arrays |= {"number": np.array(2.5), "empty": np.zeros((0, 3), np.float32)}
    made = [onnx.numpy_helper.from_array(a, k) for k, a in arrays.items()]
    for name in DTYPES:
        kind = onnx.helper.np_dtype_to_tensor_dtype(arrays[name].dtype)
        values = arrays[name].flatten().tolist()
        made.append(onnx.helper.make_tensor(f"typed {name}", kind, (2, 3), values))
        arrays[f"typed {name}"] = arrays[name]
    onnx.save(model_of(made), tmp_path / "w.onnx")
    found = interop.load_state_dict(tmp_path / "w.onnx")
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name].numpy(), array)


def test_values_in_another_file_are_refused(tmp_path):
    array = onnx.numpy_helper.from_array(np.ones((64, 64), np.float32), "w")
    onnx.save(model_of([array]), tmp_path / "w.onnx", save_as_external_data=True, size_threshold=0)
    with pytest.raises(interop.WeightsError, match="another file"):
        interop.load(tmp_path / "w.onnx")
