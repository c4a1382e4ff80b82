"""Architectures, one family in each file: `resnet18()`, or by name `get_model("resnet18")`."""

from .classic.alexnet import AlexNet, alexnet
from .classic.alexnet_2012 import AlexNet2012, alexnet_2012
from .classic.lenet import LeNet5
from .classic.lenet_1998 import LeNet1998, lenet_1998
from .classic.overfeat import OverFeat, overfeat_fast
from .classic.perceptron import (
    Perceptron,
    linear_classifier,
    three_layer_perceptron,
    two_layer_perceptron,
)
from .classic.vgg import (
    VGG,
    make_layers,
    vgg11,
    vgg11_bn,
    vgg11_lrn,
    vgg13,
    vgg13_bn,
    vgg16,
    vgg16_1x1,
    vgg16_bn,
    vgg19,
    vgg19_bn,
)
from .classic.zfnet import ZFNet, zfnet
from .cost import multiply_adds
from .dense.cifar import (
    CifarDenseNet,
    densenet40_12,
    densenet100_12,
    densenet_bc100_12,
    densenet_bc190_40,
    densenet_bc250_24,
)
from .dense.densenet import DenseNet, densenet121, densenet161, densenet169, densenet201
from .inception.googlenet import GoogLeNet, GoogLeNetOutputs, googlenet
from .inception.inception_resnet_v2 import InceptionResNetV2, inception_resnet_v2
from .inception.inception_v3 import Inception3, InceptionOutputs, inception_v3
from .inception.inception_v4 import InceptionV4, inception_v4
from .parts import Conv2dNormActivation, SqueezeExcitation, StochasticDepth, stochastic_depth
from .published import Published
from .registry import get_model, list_models, meaning, published
from .resnet.cifar import (
    CifarResNet,
    resnet20,
    resnet32,
    resnet44,
    resnet56,
    resnet110,
    resnet110_stochastic_depth,
    resnet1202,
)
from .resnet.lecture import LectureBlock, LectureResNet, resnet18_lecture, resnet34_lecture
from .resnet.preact import (
    PreActResNet,
    preact_resnet110,
    preact_resnet164,
    preact_resnet1001,
    wide_resnet16_8,
    wide_resnet28_10,
    wide_resnet40_4,
)
from .resnet.resnet import (
    BasicBlock,
    Bottleneck,
    ResNet,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
    resnext50_32x4d,
    resnext101_32x8d,
    resnext101_64x4d,
    wide_resnet50_2,
    wide_resnet101_2,
)
from .resnet.squeezed import SEBottleneck, se_resnet50, se_resnet101, se_resnet152
from .segmentation.convert import FullyConvolutional, convert_to_fully_convolutional
from .segmentation.fcn import FCN, fcn8s_vgg16, fcn16s_vgg16, fcn32s_vgg16
from .segmentation.unet import UNet, unet, unet_same
from .small.mobilenet import MobileNetV2, mobilenet_v2
from .small.squeezenet import SqueezeNet, squeezenet1_0, squeezenet1_1

__all__ = [
    "AlexNet", "AlexNet2012", "BasicBlock", "Bottleneck", "CifarDenseNet", "CifarResNet",
    "Conv2dNormActivation", "DenseNet", "FCN", "FullyConvolutional", "GoogLeNet",
    "GoogLeNetOutputs", "Inception3", "InceptionOutputs", "InceptionResNetV2", "InceptionV4",
    "LeNet1998", "LeNet5", "LectureBlock", "LectureResNet", "MobileNetV2", "OverFeat",
    "Perceptron", "PreActResNet", "Published",
    "ResNet", "SEBottleneck", "SqueezeExcitation", "SqueezeNet", "StochasticDepth", "UNet",
    "VGG", "ZFNet", "alexnet", "alexnet_2012", "convert_to_fully_convolutional",
    "densenet100_12", "densenet121", "densenet161", "densenet169", "densenet201",
    "densenet40_12", "densenet_bc100_12", "densenet_bc190_40", "densenet_bc250_24",
    "fcn16s_vgg16", "fcn32s_vgg16", "fcn8s_vgg16", "get_model", "googlenet",
    "inception_resnet_v2", "inception_v3", "inception_v4", "lenet_1998", "linear_classifier",
    "list_models", "make_layers",
    "meaning", "mobilenet_v2", "multiply_adds", "overfeat_fast",
    "preact_resnet1001", "preact_resnet110", "preact_resnet164", "published", "resnet101",
    "resnet110", "resnet110_stochastic_depth", "resnet1202", "resnet152", "resnet18",
    "resnet18_lecture", "resnet34_lecture",
    "resnet20", "resnet32", "resnet34", "resnet44", "resnet50", "resnet56", "resnext101_32x8d",
    "resnext101_64x4d", "resnext50_32x4d", "se_resnet101", "se_resnet152", "se_resnet50",
    "squeezenet1_0", "squeezenet1_1", "stochastic_depth", "three_layer_perceptron",
    "two_layer_perceptron", "unet", "unet_same", "vgg11", "vgg11_bn", "vgg11_lrn", "vgg13",
    "vgg13_bn", "vgg16", "vgg16_1x1", "vgg16_bn", "vgg19", "vgg19_bn", "wide_resnet101_2",
    "wide_resnet16_8", "wide_resnet28_10", "wide_resnet40_4", "wide_resnet50_2", "zfnet",
]  # fmt: skip
