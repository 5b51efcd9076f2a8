import pytest
import torch
from batches import batch_of, mixed_batch, toy_model

from mmstvg.models.grounders.motion_cache import MotionCache

FROZEN = {'model.motion_backbone.frozen': True}


@pytest.fixture
def model(tmp_path):
    return toy_model(cfg_options={**FROZEN, 'model.motion_cache': str(tmp_path / 'cache')})


@pytest.fixture
def runs(model, monkeypatch):
    """The number of clips of each call of the motion network."""
    counts = []
    model.motion_backbone.register_forward_pre_hook(lambda _, args: counts.append(len(args[0])))
    return counts


def answers(model, items):
    with torch.no_grad():
        return model(**batch_of(model, items), mode='tensor')


def test_cached_maps_change_no_result_and_are_computed_once(model, runs, tmp_path):
    items = mixed_batch()
    expected = answers(toy_model(), items)
    for _ in range(2):
        torch.testing.assert_close(answers(model, items), expected, atol=1e-5, rtol=1e-5)
        assert runs == [1, 1, 1]  # clips of three sizes
    assert len(list((tmp_path / 'cache').glob('*.pt'))) == len(list((tmp_path / 'cache').iterdir())) == 3


def test_only_new_clips_of_a_batch_run(model, runs):
    clips = torch.randn(3, 5, 3, 64, 96)
    cache = model.motion_cache
    with torch.no_grad():
        first = cache(clips[:1])
        together = cache(clips)
        assert runs == [1, 2]
        torch.testing.assert_close(together, model.motion_backbone(clips), atol=1e-5, rtol=1e-5)
    assert torch.equal(together[:1], first)


def test_a_clip_that_is_in_a_batch_twice_runs_once(model, runs):
    clips = torch.randn(2, 5, 3, 64, 96)[[0, 1, 0]]
    with torch.no_grad():
        found = model.motion_cache(clips)
        assert runs == [2]
        torch.testing.assert_close(found, model.motion_backbone(clips), atol=1e-5, rtol=1e-5)


def test_training_neither_reads_nor_writes(model, runs, tmp_path):
    model.train()
    for _ in range(2):
        model(**batch_of(model, mixed_batch()[:1]), mode='loss')
    assert runs == [1, 1]
    assert not (tmp_path / 'cache').exists()


def change_one_value(clips, model):
    clips[0, 3, 1, 20, 30] += 1e-3


def swap_two_pixels(clips, model):
    clips[0, 2, 0, 5, [6, 7]] = clips[0, 2, 0, 5, [7, 6]]


def swap_two_frames(clips, model):
    clips[0, [1, 2]] = clips[0, [2, 1]]


def cut_the_last_frame(clips, model):
    clips.set_(clips[:, :-1].clone())


def change_one_weight(clips, model):
    model.motion_backbone.patch_embed.bias.data[3] += 1e-3  # past autograd, as an average of weights does


@pytest.mark.parametrize(
    'change', [change_one_value, swap_two_pixels, swap_two_frames, cut_the_last_frame, change_one_weight]
)
def test_another_clip_or_network_is_not_mistaken(model, runs, change):
    clips = torch.randn(1, 5, 3, 64, 96)
    with torch.no_grad():
        model.motion_cache(clips)
        change(clips, model)
        torch.testing.assert_close(model.motion_cache(clips), model.motion_backbone(clips))
    assert runs == [1, 1, 1]


def test_rounded_maps_are_kept_apart(model, runs):
    clips = torch.randn(1, 5, 3, 64, 96)
    with torch.no_grad():
        exact = model.motion_cache(clips)
        with torch.autocast('cpu', dtype=torch.bfloat16):
            assert not torch.equal(model.motion_cache(clips), exact)
        assert torch.equal(model.motion_cache(clips), exact)
    assert runs == [1, 1]


def test_a_full_disk_leaves_no_part_of_a_file(model, monkeypatch, tmp_path):
    def save(maps, path):
        path.write_bytes(b'part')
        raise OSError('No space left on device')

    monkeypatch.setattr(torch, 'save', save)
    with torch.no_grad(), pytest.raises(OSError, match='No space left'):
        model.motion_cache(torch.randn(1, 5, 3, 64, 96))
    assert list((tmp_path / 'cache').iterdir()) == []


@pytest.mark.parametrize('dtype', [torch.float16, torch.int64, torch.bool])
def test_weights_of_any_type_are_told_apart(dtype, tmp_path):
    network = torch.nn.Identity()
    network.register_buffer('values', torch.zeros(5, dtype=dtype))
    cache = MotionCache(network, tmp_path)
    before = cache._names(torch.zeros(1, 2, 3, 4, 4))
    network.values[3] = 1
    assert cache._names(torch.zeros(1, 2, 3, 4, 4)) != before


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({}, 'this one trains: set motion_backbone.frozen=True'),
        ({'model.motion_backbone': None}, 'there is no motion_backbone whose maps it could keep'),
    ],
)
def test_what_cannot_be_kept_is_refused(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        toy_model(cfg_options={'model.motion_cache': str(tmp_path), **options})
