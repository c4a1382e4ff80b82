"""The other formats, one file each: safetensors, npz, Caffe, ONNX."""
