"""Installation of mmstvg. Version ranges are in requirements/, the tested versions in requirements/constraints.txt."""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


def read_requirements(name: str) -> list[str]:
    """Requirement lines of one file, without comments, full-size mmcv accepted in place of mmcv-lite."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith('#')]


setup(
    name='mmstvg',
    version='0.1.0',
    description='Open toolbox for spatio-temporal video grounding, built on MMEngine',
    long_description=(ROOT / 'README.md').read_text() if (ROOT / 'README.md').exists() else '',
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['mmstvg', 'mmstvg.*']),
    python_requires='>=3.10',
    install_requires=read_requirements('runtime'),
    extras_require={
        'all': read_requirements('optional'),
        'tests': read_requirements('tests'),
        'docs': read_requirements('docs'),
    },
)
