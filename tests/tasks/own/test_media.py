"""Pictures and sounds of every common kind hold the numbers that they were made of."""
import io
import struct

import numpy as np
import pytest
from datasets import Audio, Dataset
from datasets import Image as Picture
from PIL import Image
from scipy.io import wavfile

from spt_nb.core import SptError
from spt_nb.tasks.own.load import load
from spt_nb.tasks.own.media import image_array, image_head, media_options, sound_array, sound_head

RAMP = (np.indices((6, 8)).sum(0)*18).astype(np.uint8)
TONE = np.round(12000*np.sin(np.arange(600)/9)).astype(np.int16)


def read(head, array, *sources, **options):
    seen = media_options(**options)
    for i, s in enumerate(sources): head(s, f"file {i}", seen)
    return [array(s, f"file {i}", seen) for i, s in enumerate(sources)], seen


def picture(*sources, **options): return read(image_head, image_array, *sources, **options)


def sound(*sources, **options): return read(sound_head, sound_array, *sources, **options)


def saved(im, form, **options):
    im.save(f := io.BytesIO(), form, **options)
    return f


def palette():
    im = Image.fromarray(RAMP).convert("P")
    im.putpalette([v for i in range(256) for v in (i, 255 - i, 0)])
    return im


GREY = Image.fromarray(RAMP)
COLOUR = Image.fromarray(np.stack([RAMP, 255 - RAMP, RAMP//2], -1))
RGB = np.asarray(COLOUR).reshape(-1, 3)
PICTURES = {  # what is made -> (file, its pixels)
    "grey": lambda: (saved(GREY, "PNG"), RAMP),
    "1 bit": lambda: (saved(Image.fromarray(RAMP > 90), "PNG"), 255*(RAMP > 90)),
    "palette": lambda: (saved(palette(), "PNG"), np.stack([RAMP, 255 - RAMP, RAMP*0], -1)),
    "colour": lambda: (saved(COLOUR, "PNG"), RGB),
    "16 bit PNG": lambda: (saved(Image.fromarray(RAMP.astype(np.uint16)*200), "PNG"), RAMP.astype(int)*200),
    "16 bit TIFF": lambda: (saved(Image.fromarray(RAMP.astype(np.uint16)*200), "TIFF"), RAMP.astype(int)*200),
    "16 bit PGM": lambda: (saved(Image.fromarray(RAMP.astype(np.uint16)*200), "PPM"), RAMP.astype(int)*200),
    "32 bit TIFF": lambda: (saved(Image.fromarray(RAMP.astype(np.int32)*70_000), "TIFF"), RAMP*70_000.),
    "float TIFF": lambda: (saved(Image.fromarray(RAMP/np.float32(7) - 9), "TIFF"), RAMP/np.float32(7) - 9),
    "opaque": lambda: (saved(Image.merge("LA", [GREY, GREY.point(lambda v: 255)]), "PNG"), RAMP),
    "clear is white": lambda: (saved(Image.merge("RGBA", [*COLOUR.split(), GREY.point(lambda v: 0)]), "PNG"), RGB*0 + 255),
    "clear colour": lambda: (saved(GREY, "PNG", transparency=18), np.where(RAMP == 18, 255, RAMP)),
    "CMYK": lambda: (saved(COLOUR.convert("CMYK"), "TIFF"), RGB),
    "turned by 90 degrees": lambda: (saved(GREY, "PNG", exif=turned(6)), np.rot90(RAMP, -1)),
    "turned TIFF": lambda: (saved(GREY, "TIFF", tiffinfo={0x0112: 8}), np.rot90(RAMP)),
    "mirrored": lambda: (saved(GREY, "PNG", exif=turned(2)), RAMP[:, ::-1]),
    "animation": lambda: (saved(GREY, "GIF", save_all=True, append_images=[GREY.point(lambda v: 0)]), RAMP),
}


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("name", PICTURES)
def test_pixels_of_a_picture(name):
    file, want = PICTURES[name]()
    (a,), seen = picture(file)
    want = np.asarray(want)
    if a.ndim == 2: want = want.reshape(-1, 3) if want.shape[-1] == 3 else np.repeat(want.reshape(-1, 1), 3, 1)
    else: want = want.reshape(-1)
    assert len(a) == RAMP.size and np.abs(a.astype(float) - want).max() <= (1 if name == "CMYK" else 0)
    if "turned" in name: assert seen["size"][0] == (6, 8)


def test_a_grey_picture_of_16_bits_among_others():
    deep, grey, colour = (PICTURES[k]()[0] for k in ("16 bit PNG", "grey", "colour"))
    (a, b), _ = picture(deep, grey)
    assert b.max() == RAMP.max()*257. and a.max() == RAMP.max()*200.
    (a, _, c), _ = picture(deep, grey, colour)
    assert a.shape == c.shape == (48, 3) and c[:, 1].max() == RGB[:, 1].max()*257.
    (a,), _ = picture(deep, size=4)
    assert len(a) == 16 and 0 < a.max() <= RAMP.max()*200.


def wav(a, rate=8000):
    wavfile.write(f := io.BytesIO(), rate, a)
    return f


def chunks(code, bits, channels, raw, rate=8000, size=None, extra=b"", before=b""):
    "A WAV by hand."
    block = channels*bits//8
    fmt = struct.pack("<HHIIHH", code, channels, rate, rate*block, block, bits) + extra
    body = b"WAVE" + before + struct.pack("<4sI", b"fmt ", len(fmt)) + fmt
    return io.BytesIO(b"RIFF" + struct.pack("<I", 36 + len(raw)) + body
                      + struct.pack("<4sI", b"data", len(raw) if size is None else size) + raw)


def three_bytes(a): return (a.astype("<i4") << 8).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


EXTENSIBLE = struct.pack("<HHIHIHH8s", 22, 16, 4, 1, 0, 16, 0x80, b"\0\0\xaa\0\x38\x9b\x71"[:8])
SOUNDS = {  # what is made -> (file, values from -1 to 1, the type they are kept in)
    "16 bits": lambda: (wav(TONE), TONE/32768, np.int16),
    "8 bits": lambda: (wav((TONE//256 + 128).astype(np.uint8)), TONE//256/128, np.int16),
    "24 bits": lambda: (chunks(1, 24, 1, three_bytes(TONE)), TONE/32768, np.float32),
    "32 bits": lambda: (wav(TONE.astype(np.int32) << 16 | 1 << 10), (TONE*65536. + 1024)/2**31, np.float32),
    "float": lambda: (wav((TONE/40000).astype(np.float32)), TONE/40000, np.float32),
    "double": lambda: (wav(TONE/40000), TONE/40000, np.float32),
    "extensible": lambda: (chunks(0xfffe, 16, 1, TONE.tobytes(), extra=EXTENSIBLE), TONE/32768, np.int16),
    "another chunk first": lambda: (chunks(1, 16, 1, TONE.tobytes(), before=b"LIST\3\0\0\0abc\0"), TONE/32768, np.int16),
    "written to a pipe": lambda: (chunks(1, 16, 1, TONE.tobytes(), size=0xffffffff), TONE/32768, np.int16),
    "stereo": lambda: (wav(np.stack([TONE, TONE//2], 1)), TONE/65536 + TONE//2/65536, np.float32),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_samples_of_a_sound(name):
    file, want, dtype = SOUNDS[name]()
    (a,), seen = sound(file)
    assert a.dtype == dtype and len(a) == 600 and seen["rate"][0] == 8000
    assert np.abs(a/(32768 if dtype == np.int16 else 1) - want).max() < 1e-7


def test_telephone_codes_grow_like_logarithms():
    for code in (6, 7):
        (a,), _ = sound(chunks(code, 8, 1, bytes(range(256))))
        levels = np.unique(np.abs(a))
        assert len(levels) in (127, 128) and 31_000 < a.max() <= 32_256 and np.array_equal(np.sort(a), np.sort(-a))
        assert np.diff(levels).max()/np.diff(levels).min() in (64, 128)


def test_sounds_of_two_rates():
    slow, fast = TONE, np.round(12000*np.sin(np.arange(1200)/18)).astype(np.int16)
    with pytest.raises(SptError, match="or resample=8000"): sound(wav(slow), wav(fast, 16000))
    (a, b), seen = sound(wav(slow), wav(fast, 16000), resample=8000)
    assert len(a) == len(b) == 600 and seen["rate"][0] == 8000
    assert np.abs(a - b)[50:-50].max() < .01, "the same tone at two rates"


def test_channels():
    both = np.stack([TONE, TONE[::-1]], 1)
    for channel in (0, 1):
        (a,), seen = sound(wav(both), channel=channel)
        assert a.dtype == np.int16 and np.array_equal(a, both[:, channel])
    (a,), _ = sound(wav(both), channel="all")
    assert np.array_equal(a, both)


@pytest.mark.parametrize("keep", [lambda ds, d: ds, lambda ds, d: ds.save_to_disk(str(d/"s")) or d/"s",
                                  lambda ds, d: ds.to_parquet(str(d/"p.parquet")) and d/"p.parquet"], ids=["memory", "saved", "parquet"])
@pytest.mark.parametrize("form", ["sound", "image"])
def test_media_of_datasets(form, keep, tmp_path, monkeypatch):
    "The features Audio and Image of `datasets`, by bytes or by path."
    monkeypatch.setenv("SPT_DATA", str(tmp_path/"cache"))
    def one(i): return wav(np.roll(TONE, i)) if form == "sound" else saved(Image.fromarray(np.roll(RAMP, i)), "PNG")
    cells = [dict(bytes=one(i).getvalue(), path=None) for i in range(19)] + [dict(bytes=None, path=str(tmp_path/"last"))]
    (tmp_path/"last").write_bytes(one(19).getvalue())
    feature = Audio(decode=False) if form == "sound" else Picture(decode=False)
    ds = Dataset.from_dict(dict(media=cells, label=[i % 2 for i in range(20)])).cast_column("media", feature)
    task = load(keep(ds, tmp_path), x_norm="none")
    rows = {np.asarray(r["x"]).tobytes() for d in (task.train, task.valid, task.test) for r in d}
    full, make = (32768, TONE) if form == "sound" else (255, RAMP)
    assert rows == {(np.roll(make, i).reshape(-1, 1).astype(np.float32)/np.float32(full)).tobytes() for i in range(20)}
    assert {"sound": "sounds at 8000 Hz", "image": "images of 8 x 6 pixels"}[form] in task.source


def test_what_was_done_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path/"cache"))
    for i in range(12):
        (d := tmp_path/"pictures"/"ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        deep = Image.fromarray(np.random.default_rng(i).integers(0, 65536, (4, 4)).astype(np.uint16))
        deep.save(d/f"{i}.png") if i else Image.fromarray(np.zeros((4, 4, 4), np.uint8)).save(d/"0.png")
        (d := tmp_path/"sounds"/"ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        (d/f"{i}.wav").write_bytes(wav(np.stack([np.roll(TONE, i)]*2, 1), 8000 if i else 16000).getvalue())
    task = load(tmp_path/"pictures")
    assert "1 with transparent pixels on white" in task.source and "16 bits deep" in task.source
    assert "pixels from -1 to 1" in task.source and all(-1 <= np.min(r["x"]) and np.max(r["x"]) <= 1 for r in task.train)
    source = load(tmp_path/"sounds", resample=8000).source
    assert "sounds at 8000 Hz (12 averaged over their channels, 1 resampled)" in source


def test_other_formats_need_a_package(tmp_path):
    "FLAC and its like are read by soundfile; without it one line names it."
    try: import soundfile
    except ImportError:
        with pytest.raises(SptError, match="pip install soundfile"): sound(io.BytesIO(b"fLaC" + bytes(50)))
        return
    for form, exact in (("FLAC", True), ("OGG", False), ("AIFF", True)):
        soundfile.write(f := io.BytesIO(), TONE, 8000, format=form)
        (a,), _ = sound(f)
        assert len(a) == 600 and (np.array_equal(a, TONE) if exact else np.abs(a - TONE/32768).mean() < .02)


def test_trains_are_a_class(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path/"cache"))
    for i in range(12):
        (folder := tmp_path/"d"/("freight_train", "express_train")[i % 2]).mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), i).save(folder/f"{i}.png")
    assert load(tmp_path/"d").classes == ("express_train", "freight_train")
