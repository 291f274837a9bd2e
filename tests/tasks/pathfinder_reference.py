"""Pathfinder as its description reads: whole canvases, floats, one dash at a time, no tables.

An independent and slow second implementation, for the two-sample tests of test_pathfinder.py. Run as a program it draws the sample that
they compare with, and writes what `measure` says of it to pathfinder_reference.csv: `python tests/pathfinder_reference.py` (ten minutes).
"""
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw
from scipy.ndimage import label as components

SIZES = {  # padding, dash length, thickness, margins, seed distance, disc radius, continuity, contrasts of snakes and paddles, distractors
    32: (1, 2, .5, (1,), 7, 1.5, 1., 2., .75, 5),
    128: (1, 5, 1.5, (2, 3), 20, 3, 1.8, .9, 1., 8),
    256: (22, 5, 2, (3,), 27, 5, 1.8, 1., 1., 7),
}
COUNTS = {32: 1500, 128: 150, 256: 300}
TABLE = Path(__file__).with_suffix(".csv")


def stretch(a):
    return ((a - a.min())*(255/(a.max() - a.min())) + .5).astype(np.uint8)


def shrink(a, side):
    return np.asarray(Image.fromarray(stretch(a.astype(float))).resize((side, side), Image.Resampling.LANCZOS))/255


def ball(r):
    y, x = np.mgrid[-r:r + 1, -r:r + 1]
    return x*x + y*y <= r*r


def dilate(a, kernel):
    "The greatest value under the kernel; there is nothing outside the canvas."
    k, out = len(kernel)//2, np.full(a.shape, -np.inf)
    padded = np.pad(a.astype(float), k, constant_values=-np.inf)
    for dy, dx in np.argwhere(kernel):
        np.maximum(out, padded[dy:dy + len(a), dx:dx + len(a)], out=out)
    return out


def step(p, angle, d):
    return math.ceil(p[0] + d*math.sin(angle)), math.ceil(p[1] + d*math.cos(angle))


def opposite(angle):
    return angle + math.pi if angle < 0 else angle - math.pi


class Canvas:
    "What the drawing of one image shares."
    def __init__(self, size, rng):
        self.W, self.rng = size, rng
        self.pad, self.L, self.T, margins, self.D, self.radius, self.c, self.k, self.paddle, self.wanted = SIZES[size]
        self.label, self.m = int(rng.integers(2)), int(rng.choice(margins))

    def inside(self, p):
        return 0 <= p[0] < self.W and 0 <= p[1] < self.W

    def dash(self, start, angle, contrast=1., side=None):
        "Ink and zone of a dash on a canvas."
        R, side = self.L + math.ceil(self.T) + self.m, side or self.W
        big = Image.new("L", (4*R + 1, 4*R + 1))
        y, x = step((2*R, 2*R), angle, 2*self.L)
        ImageDraw.Draw(big).line([(2*R, 2*R), (x, y)], fill=255, width=round(2*self.T))
        line, out = np.asarray(big), []
        for stamp in (shrink(line, 2*R + 1)*contrast, shrink(dilate(line, ball(2*self.m)), 2*R + 1)):
            canvas = np.zeros((side + 2*R, side + 2*R), np.float32)
            canvas[start[0]:start[0] + 2*R + 1, start[1]:start[1] + 2*R + 1] = stamp
            out.append(canvas[R:-R, R:-R])
        return out

    def place(self, tail, angle, contrast):
        head = step(tail, angle, self.L)
        pivot = step(head, opposite(angle), self.L + self.m)
        if self.inside(head) and self.inside(pivot):
            ink, zone = self.dash(tail, angle, contrast)
            return dict(pivot=pivot, angle=angle, zone=zone, tip=tail, ink=ink)

    def seed(self, M, frame, contrast):
        "The first dash of a snake."
        reach = self.L + self.m
        for _ in range(3):
            angle = math.radians(self.rng.integers(-180, 180))
            kernel = self.dash((reach + 1, reach + 1), angle, side=2*reach + 1)[1] == 1
            lined = M.copy()
            lined[:frame] = lined[-frame:] = lined[:, :frame] = lined[:, -frame:] = 1
            busy = dilate(lined, kernel)
            free = np.argwhere(busy <= .3)
            if busy.min() < 0 or not len(free):
                return None
            if made := self.place(tuple(self.rng.choice(free)), angle, contrast):
                return made

    def extend(self, s, M, contrast):
        "One dash more, or None."
        r, pivot = self.L + self.m, step(s["pivot"], s["angle"], self.L + 2*self.m)
        a = np.radians(np.arange(0, 360, 360/(2*math.pi*r)))
        at = np.stack([pivot[0] + r*np.sin(a), pivot[1] + r*np.cos(a)], 1)
        at = np.unique(at[((at >= 0) & (at < self.W)).all(1)].astype(int), axis=0)
        if not len(at):
            return None
        angle = np.arctan2(at[:, 0] - pivot[0], at[:, 1] - pivot[1])
        bend = np.abs(angle - s["angle"])
        bend = np.minimum(bend, 2*math.pi - bend)
        weight = np.cos(np.minimum(self.c*bend, math.pi/2))**2*(1 - dilate(M, ball(self.m))[at[:, 0], at[:, 1]])
        if weight.sum() < 1e-4:
            return None
        for _ in range(3):
            i = self.rng.choice(len(at), p=weight/weight.sum())
            ink, zone = self.dash(at[i], opposite(angle[i]), contrast)
            if (M + zone).max() < 1.8:
                M[:] = np.maximum(M, s["zone"])
                return dict(pivot=pivot, angle=angle[i], zone=zone, tip=tuple(at[i]), ink=np.maximum(s["ink"], ink))

    def second(self, tail):
        for _ in range(3):
            angle, phi = math.radians(self.rng.integers(-180, 180)), math.radians(self.rng.integers(360))
            there = tuple(int(np.round(t + self.D*f)) for t, f in zip(tail, (math.sin(phi), math.cos(phi))))
            if made := self.place(there, angle, self.k*self.paddle):
                return made

    def targets(self):
        "Both long snakes: occupancy, image, tips."
        while True:
            M = np.ones((self.W, self.W))
            M[self.pad:-self.pad, self.pad:-self.pad] = 0
            first = self.seed(M, 2*self.D, self.k*self.paddle)
            other = first and self.second(first["tip"])
            if not other:
                continue
            snakes, tails = [first, other], [first["tip"], other["tip"]]
            for i in range(26):
                snakes[i % 2] = self.extend(snakes[i % 2], M, self.k*self.paddle)
                if snakes[i % 2] is None:
                    break
            else:
                ink = np.maximum(snakes[0]["ink"], snakes[1]["ink"])
                return np.maximum(M, snakes[1]["zone"]), ink, tails, [s["tip"] for s in snakes]

    def distractor(self, M, image):
        N = M.copy()
        s = self.seed(N, 1, self.k) if (M <= .3).mean() >= .01 else None
        for _ in range(3):
            s = s and self.extend(s, N, self.k)
        return s and (np.maximum(N, s["zone"]), np.maximum(image, s["ink"]))

    def disc(self, tip):
        y, x = np.mgrid[:2*self.W, :2*self.W]
        return shrink((y - 2*tip[0])**2 + (x - 2*tip[1])**2 <= (2*self.radius)**2, self.W)


def draw(size, rng):
    "One image, and what is known of it."
    c = Canvas(size, rng)
    M, image, tails, ends = c.targets()
    placed = 0
    for _ in range(c.wanted):
        for _ in range(5):
            if made := c.distractor(M, image):
                (M, image), placed = made, placed + 1
                break
    o = rng.integers(2)
    for tip in (tails[o], ends[o if c.label else 1 - o]):
        image = np.maximum(image, c.disc(tip))
    return stretch(image), dict(label=c.label, margin=c.m, distractors=placed, tips=np.array([*tails, *ends]))


def measure(image, label, margin, distractors, tips):
    "What the two-sample tests compare."
    a = image.astype(float)
    lengths = np.hypot(*(tips[2:] - tips[:2]).T)
    return dict(size=len(image), label=label, margin=margin, distractors=distractors, ink=(image > 0).mean(), intensity=a.mean(),
                pieces=components(image > 0, np.ones((3, 3)))[1], pieces64=components(image >= 64, np.ones((3, 3)))[1],
                right=np.corrcoef(a[:, :-1].ravel(), a[:, 1:].ravel())[0, 1], below=np.corrcoef(a[:-1].ravel(), a[1:].ravel())[0, 1],
                first=lengths[0], second=lengths[1], row=tips[0, 0], column=tips[0, 1],
                **{f"bin{i}": n for i, n in enumerate(np.histogram(image, 8, (0, 256))[0])})


if __name__ == "__main__":
    rows = []
    for size, n in COUNTS.items():
        rng = np.random.default_rng(size)
        for i in range(n):
            image, known = draw(size, rng)
            rows.append(measure(image, **known))
        print(size, "done", file=sys.stderr, flush=True)
    pd.DataFrame(rows).round(5).to_csv(TABLE, index=False)
