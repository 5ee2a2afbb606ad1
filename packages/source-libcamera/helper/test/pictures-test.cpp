// Turning, splitting and encoding against the plainest way to do it, for sizes that fit nothing, every layout and every turn. Prints `ok N`, or the first
// thing that is wrong.
#include "jpeg.h"
#include "planes.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <turbojpeg.h>

struct Reference {
	unsigned width, height;
	// Luma and both chroma at a place, of a smooth picture that differs in every corner.
	uint8_t at(int plane, unsigned x, unsigned y) const
	{
		double u = double(x) / width, v = double(y) / height;
		if (plane == 0)
			return static_cast<uint8_t>(30 + 150 * u + 60 * v * v);
		return static_cast<uint8_t>(plane == 1 ? 90 + 70 * v : 160 - 80 * u * v);
	}
};

static int fail(const char *what, unsigned w, unsigned h, int layout, int bits)
{
	printf("%s is wrong: %ux%u, layout %d, turn %d\n", what, w, h, layout, bits);
	return 1;
}

int main()
{
	const unsigned sizes[][2] = { { 2, 2 }, { 16, 16 }, { 18, 10 }, { 34, 66 }, { 350, 230 }, { 640, 480 } };
	const Layout layouts[] = { Layout::Yuv420p, Layout::Nv12, Layout::Yuyv };
	tjhandle decoder = tjInitDecompress();
	JpegEncoder encoder;
	OwnPicture own;
	int checks = 0;
	for (const auto &size : sizes)
		for (int l = 0; l < 3; l++)
			for (int bits = 0; bits < 8; bits++) {
				const unsigned w = size[0], h = size[1], cw = w / 2, ch = h / 2, pad = 6;
				const Reference luma{ w, h }, chroma{ cw, ch };
				// Rows are longer than their pixels, and what is behind them is not to be seen.
				std::vector<uint8_t> a(size_t(2 * w + pad) * h, 255), b(size_t(w + pad) * ch, 255), c(size_t(cw + pad) * ch, 255);
				Picture picture{ layouts[l], w, h, { a.data(), b.data(), c.data() }, {}, a.size() };
				const bool isYuyv = layouts[l] == Layout::Yuyv, isNv12 = layouts[l] == Layout::Nv12;
				picture.strides[0] = (isYuyv ? 2 * w : w) + pad;
				picture.strides[1] = (isNv12 ? w : cw) + pad;
				picture.strides[2] = cw + pad;
				for (unsigned y = 0; y < h; y++)
					for (unsigned x = 0; x < w; x++) {
						if (isYuyv) {
							a[y * picture.strides[0] + 2 * x] = luma.at(0, x, y);
							a[y * picture.strides[0] + 2 * x + 1] = chroma.at(1 + x % 2, x / 2, y / 2);
							continue;
						}
						a[y * picture.strides[0] + x] = luma.at(0, x, y);
					}
				for (unsigned y = 0; y < ch && !isYuyv; y++)
					for (unsigned x = 0; x < cw; x++) {
						b[y * picture.strides[1] + (isNv12 ? 2 * x : x)] = chroma.at(1, x, y);
						(isNv12 ? b[y * picture.strides[1] + 2 * x + 1] : c[y * picture.strides[2] + x]) = chroma.at(2, x, y);
					}
				const Turn turn{ (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0 };
				own.fill(picture, turn);
				const Picture out = own.picture();
				if (out.width != (turn.transpose ? h : w) || out.height != (turn.transpose ? w : h))
					return fail("the size", w, h, l, bits);
				for (int plane = 0; plane < 3; plane++) {
					const Reference &from = plane == 0 ? luma : chroma;
					for (unsigned y = 0; y < from.height; y++)
						for (unsigned x = 0; x < from.width; x++) {
							unsigned tx = turn.flipX ? from.width - 1 - x : x, ty = turn.flipY ? from.height - 1 - y : y;
							unsigned at = turn.transpose ? tx * out.strides[plane] + ty : ty * out.strides[plane] + tx;
							if (out.planes[plane][at] != from.at(plane, x, y))
								return fail("a pixel", w, h, l, bits);
						}
				}
				std::vector<uint8_t> jpeg;
				size_t bytes = 0;
				std::string error;
				const Picture &source = bits == 0 && !isYuyv ? picture : out;
				if (!encoder.encode(source, 95, jpeg, bytes, error))
					return fail(error.c_str(), w, h, l, bits);
				int dw, dh, subsampling, space;
				tjDecompressHeader3(decoder, jpeg.data(), bytes, &dw, &dh, &subsampling, &space);
				if (unsigned(dw) != out.width || unsigned(dh) != out.height || subsampling != TJSAMP_420)
					return fail("the head of the JPEG", w, h, l, bits);
				// Planes of the decoder are padded to whole blocks.
				std::vector<uint8_t> decoded[3];
				unsigned char *planes[3];
				int strides[3];
				for (int plane = 0; plane < 3; plane++) {
					strides[plane] = tjPlaneWidth(plane, dw, TJSAMP_420);
					decoded[plane].resize(size_t(strides[plane]) * tjPlaneHeight(plane, dh, TJSAMP_420));
					planes[plane] = decoded[plane].data();
				}
				if (tjDecompressToYUVPlanes(decoder, jpeg.data(), bytes, planes, dw, strides, dh, 0) < 0)
					return fail(tjGetErrorStr2(decoder), w, h, l, bits);
				for (int plane = 0; plane < 3; plane++) {
					double sum = 0;
					unsigned pw = plane ? out.width / 2 : out.width, ph = plane ? out.height / 2 : out.height;
					for (unsigned y = 0; y < ph; y++)
						for (unsigned x = 0; x < pw; x++)
							sum += std::abs(planes[plane][y * strides[plane] + x] - out.planes[plane][y * out.strides[plane] + x]);
					if (sum / (pw * ph) > 2)
						return fail("the picture of the JPEG", w, h, l, bits);
				}
				checks++;
			}
	printf("ok %d\n", checks);
	return 0;
}
