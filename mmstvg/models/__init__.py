"""Models and their parts."""

from ..utils import install_ops_placeholder

install_ops_placeholder()  # before the first import of mmdet.models, here and in what is imported below
