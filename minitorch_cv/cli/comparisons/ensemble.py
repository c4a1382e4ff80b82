"""`minitorch-cv ensemble`: several networks on the same images, and all ways to combine them."""

from __future__ import annotations

from typing import Any

from ...backend.threads import set_num_threads
from ...tasks.adaptation.source import pretrained
from ...tasks.ensembles import averaged_model, compare_ensembles
from ...tasks.errors import TaskError
from ...tasks.evaluation.evaluate import predict_scores
from ...tasks.recipes import Settings
from ...tasks.splits import load_split


def ensemble(arguments: Any) -> int:
    """Prints the table, and writes it where --out is given."""
    set_num_threads(arguments.threads)
    if len(arguments.models) < 2:
        raise TaskError("ensemble: --models names one network; give two or more")
    wanted = Settings("", arguments.data, 1, 1, 0.0, root=arguments.root, limit=arguments.limit)
    split = load_split(wanted, train=False)
    loaded = {
        label: pretrained(name, file, arguments.input)
        for label, (name, file) in arguments.models.items()
    }
    for label, (_, preprocessing) in loaded.items():
        if preprocessing.shape[0] != split.images.shape[1]:
            raise TaskError(
                f"ensemble: {label} takes images of {preprocessing.shape[0]} channels, "
                f"{arguments.data} has {split.images.shape[1]}"
            )
    scores = {label: predict_scores(m, split.images, p) for label, (m, p) in loaded.items()}
    for label, found in scores.items():
        if found.shape[1] != len(split.classes):
            raise TaskError(
                f"ensemble: {label} knows {found.shape[1]} classes, {arguments.data} has "
                f"{len(split.classes)}"
            )
    result = compare_ensembles(scores, split.labels, _averaged(arguments, loaded, split))
    print(result.text())
    print(f"{result.tested} test images; two members differ on {100 * result.apart:.1f} %")
    for file in result.write(arguments.out) if arguments.out else ():
        print(f"wrote {file}")
    return 0


def _averaged(arguments: Any, loaded: dict[str, Any], split: Any) -> dict[str, Any]:
    """Logits of the network with the mean of all parameters, where all are of one form.

    Batch norm keeps the statistics of the last network: the test images must not be used for new
    ones.
    """
    if len({name for name, _ in arguments.models.values()}) != 1:
        return {}
    models = [model for model, _ in loaded.values()]
    preprocessing = next(iter(loaded.values()))[1]
    mean = averaged_model(models[0], [model.state_dict() for model in models])
    return {"mean of parameters": predict_scores(mean, split.images, preprocessing)}
