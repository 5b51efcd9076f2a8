"""The cells of a box, against the reference's rule written as loops."""

import math

import torch

from mmstvg.models.layers import cells_in_boxes


def pool_by_loops(features, boxes):
    height, width = features.shape[:2]
    pooled = []
    for cx, cy, w, h in boxes.tolist():
        x1, y1 = round(max(cx - w / 2, 0) * width), round(max(cy - h / 2, 0) * height)
        x2, y2 = math.ceil(max(cx + w / 2, 0) * width), round(max(cy + h / 2, 0) * height)
        x2, y2 = min(max(x2, 1), width), min(max(y2, 1), height)
        x1, y1 = min(max(x1, 0), x2 - 1), min(max(y1, 0), y2 - 1)
        pooled.append(features[y1:y2, x1:x2].flatten(0, 1).mean(dim=0))
    return torch.stack(pooled)


def test_average_of_the_cells_equals_loops():
    generator = torch.Generator().manual_seed(0)
    boxes = torch.rand(2, 200, 4, generator=generator, dtype=torch.float64)
    boxes[..., 2:] *= torch.rand(2, 200, 1, generator=generator, dtype=torch.float64)
    valid = torch.tensor([[5, 7], [4, 3]])
    features = torch.randn(2, 5, 7, 8, generator=generator, dtype=torch.float64)
    cells = cells_in_boxes(boxes, valid, (5, 7))
    pooled = cells @ features.flatten(1, 2)
    for row, (height, width) in enumerate(valid.tolist()):
        expected = pool_by_loops(features[row, :height, :width], boxes[row])
        torch.testing.assert_close(pooled[row], expected, atol=1e-9, rtol=0)


def test_box_outside_or_without_area_gets_one_cell():
    boxes = torch.tensor([[[0.5, 0.5, 0.0, 0.0], [1.5, 1.5, 0.1, 0.1], [-0.5, -0.5, 0.1, 0.1]]])
    cells = cells_in_boxes(boxes, torch.tensor([[4, 4]]), (4, 4))
    assert cells.sum(dim=-1).tolist() == [[1.0, 1.0, 1.0]]
    assert (cells > 0).sum(dim=-1).tolist() == [[1, 1, 1]]
