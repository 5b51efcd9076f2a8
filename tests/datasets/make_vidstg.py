def vidstg_entry(**changes):
    """An entry of VidSTG's official sentences: frames 30 to 59 of 100, one caption about object 0."""
    entry = dict(
        vid='a',
        fps=25,
        frame_count=100,
        width=96,
        height=64,
        used_segment=dict(begin_fid=0, end_fid=99),
        temporal_gt=dict(begin_fid=30, end_fid=59),
        captions=[dict(description='a man.', target_id=0)],
        questions=[],
    )
    return entry | changes
