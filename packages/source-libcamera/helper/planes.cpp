#include "planes.h"

#include <algorithm>
#include <cstring>

namespace {

// One plane of bytes with `step` bytes from one pixel to the next.
struct Source {
	const uint8_t *data;
	unsigned stride;
	unsigned step;
	unsigned width;
	unsigned height;
};

// Columns and rows of a tile: what is read and what is written of it both stay in the first cache.
constexpr unsigned tile = 32;

template<unsigned step>
void copyRows(const Source &from, const Turn &turn, uint8_t *to)
{
	for (unsigned y = 0; y < from.height; y++) {
		const uint8_t *row = from.data + size_t(turn.flipY ? from.height - 1 - y : y) * from.stride;
		if (step == 1 && !turn.flipX)
			memcpy(to, row, from.width);
		else if (turn.flipX)
			for (unsigned x = 0; x < from.width; x++)
				to[x] = row[(from.width - 1 - x) * step];
		else
			for (unsigned x = 0; x < from.width; x++)
				to[x] = row[x * step];
		to += from.width;
	}
}

template<unsigned step>
void copyTransposed(const Source &from, const Turn &turn, uint8_t *to)
{
	for (unsigned y0 = 0; y0 < from.height; y0 += tile) {
		unsigned y1 = std::min(y0 + tile, from.height);
		for (unsigned x0 = 0; x0 < from.width; x0 += tile) {
			unsigned x1 = std::min(x0 + tile, from.width);
			for (unsigned x = x0; x < x1; x++) {
				const uint8_t *column = from.data + size_t(turn.flipX ? from.width - 1 - x : x) * step;
				uint8_t *row = to + size_t(x) * from.height;
				for (unsigned y = y0; y < y1; y++)
					row[y] = column[size_t(turn.flipY ? from.height - 1 - y : y) * from.stride];
			}
		}
	}
}

template<unsigned step>
void copyPlane(const Source &from, const Turn &turn, uint8_t *to)
{
	if (turn.transpose)
		copyTransposed<step>(from, turn, to);
	else
		copyRows<step>(from, turn, to);
}

} // namespace

void OwnPicture::fill(const Picture &from, const Turn &turn)
{
	unsigned w = from.width, h = from.height, cw = w / 2, ch = h / 2;
	width_ = turn.transpose ? h : w;
	height_ = turn.transpose ? w : h;
	data_.resize(size_t(w) * h + 2 * size_t(cw) * ch);
	uint8_t *y = data_.data(), *cb = y + size_t(w) * h, *cr = cb + size_t(cw) * ch;
	switch (from.layout) {
	case Layout::Yuv420p:
		copyPlane<1>({ from.planes[0], from.strides[0], 1, w, h }, turn, y);
		copyPlane<1>({ from.planes[1], from.strides[1], 1, cw, ch }, turn, cb);
		copyPlane<1>({ from.planes[2], from.strides[2], 1, cw, ch }, turn, cr);
		break;
	case Layout::Nv12:
		copyPlane<1>({ from.planes[0], from.strides[0], 1, w, h }, turn, y);
		copyPlane<2>({ from.planes[1], from.strides[1], 2, cw, ch }, turn, cb);
		copyPlane<2>({ from.planes[1] + 1, from.strides[1], 2, cw, ch }, turn, cr);
		break;
	case Layout::Yuyv: {
		copyPlane<2>({ from.planes[0], from.strides[0], 2, w, h }, turn, y);
		// Chroma has every row; two of them make one.
		scratch_.resize(size_t(cw) * ch * 2);
		for (unsigned row = 0; row < ch; row++) {
			const uint8_t *a = from.planes[0] + size_t(2 * row) * from.strides[0], *b = a + from.strides[0];
			uint8_t *out = scratch_.data() + size_t(row) * cw * 2;
			for (unsigned i = 0; i < 2 * cw; i++)
				out[i] = static_cast<uint8_t>((a[2 * i + 1] + b[2 * i + 1] + 1) / 2);
		}
		copyPlane<2>({ scratch_.data(), 2 * cw, 2, cw, ch }, turn, cb);
		copyPlane<2>({ scratch_.data() + 1, 2 * cw, 2, cw, ch }, turn, cr);
		break;
	}
	case Layout::Mjpeg:
		break;
	}
}

Picture OwnPicture::picture() const
{
	const uint8_t *y = data_.data(), *cb = y + size_t(width_) * height_;
	const uint8_t *cr = cb + size_t(width_ / 2) * (height_ / 2);
	return { Layout::Yuv420p, width_, height_, { y, cb, cr }, { width_, width_ / 2, width_ / 2 }, data_.size() };
}
