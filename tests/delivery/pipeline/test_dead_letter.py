"""What is in a dead letter: the reason, and the record so that it can be sent again; never more than the queue takes."""

import base64
import datetime
import gzip
import random
from dataclasses import replace
from pathlib import Path

from k8s_audit.delivery.pipeline.dead_letter import MESSAGE, PLAIN
from k8s_audit.delivery.pipeline.model import Annotation
from tests.delivery.pipeline.records import azure, azure_record
from tests.delivery.pipeline.way import way
from tests.unit.delivery.pipeline.pipelines import AKS, EKS


def test_a_record_is_kept_whole_as_text_or_compressed_or_else_its_beginning(tmp_path: Path) -> None:
    noise = random.Random(4711)
    worst, long = "\x01" * PLAIN, "long " * PLAIN
    binary, too_long = bytes([0xFF, 0xFE, 0x00]) * 10, noise.randbytes(2 * MESSAGE)
    pipeline = replace(AKS, annotation=Annotation("prod-2", "westeurope"), sink=EKS.sink)
    with way(tmp_path, pipeline) as made:
        for record in (b"short \xc3\xbc", worst.encode(), long.encode(), binary, too_long):
            made.bring(record)
        short, at_the_limit, compressed, no_text, head = made.letters()
        for each in made.letters():
            assert each["reason"].startswith("it could not be decoded: ")
            assert (each["source"], each["cluster"], each["region"]) == ("kafka audit", "prod-2", "westeurope")
            age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(each["time"])
            assert datetime.timedelta() <= age < datetime.timedelta(minutes=5)
        assert (short["record"], at_the_limit["record"]) == ("short ü", worst)
        assert gzip.decompress(base64.b64decode(compressed["recordGzip"])).decode() == long
        assert gzip.decompress(base64.b64decode(no_text["recordGzip"])) == binary
        assert base64.b64decode(head["recordHead"]) == too_long[:PLAIN]
        assert (compressed["recordBytes"], head["recordBytes"]) == (len(long), len(too_long))
        assert max(len(body.encode()) for body in made.dead.taken) < MESSAGE
        assert made.counted("dead_letters") == 5


def test_the_same_letter_is_sent_once_and_holds_up_nothing(tmp_path: Path) -> None:
    with way(tmp_path, replace(AKS, sink=EKS.sink)) as made:
        for _ in range(20):
            made.bring(azure(azure_record("cut"), azure_record("klog", category="other")))
        assert len(made.letters()) == made.counted("dead_letters") == 20
        assert made.counted("events") == 0
        assert "cut" not in made.running.lines()
