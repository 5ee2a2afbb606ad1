// What one JPEG costs here and in libjpeg-turbo's own call for planes, on the same picture, by turns: prints CPU microseconds and their ratio as JSON.
//
//   bench WIDTH HEIGHT ROUNDS [picture.ppm]
//
// With a file name it writes the picture there, for other tools.
#include "jpeg.h"
#include "json.h"
#include "planes.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>

#include <turbojpeg.h>

static double cpuUs()
{
	timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

int main(int argc, char *argv[])
{
	if (argc < 4)
		return 2;
	const unsigned width = atoi(argv[1]), height = atoi(argv[2]), rounds = atoi(argv[3]);
	const unsigned cw = width / 2, ch = height / 2;
	// Soft shapes with some noise, as a camera gives.
	std::vector<uint8_t> y(width * height), cb(cw * ch), cr(cw * ch), pairs(2 * cw * ch);
	unsigned random = 1;
	for (unsigned row = 0; row < height; row++)
		for (unsigned x = 0; x < width; x++) {
			random = random * 1664525 + 1013904223;
			double shape = 110 + 60 * std::sin(x / 37.0) * std::cos(row / 23.0) + (x / 80 + row / 60) % 2 * 40;
			y[row * width + x] = static_cast<uint8_t>(shape + (random >> 29));
		}
	for (unsigned i = 0; i < cw * ch; i++) {
		pairs[2 * i] = cb[i] = static_cast<uint8_t>(128 + 50 * std::sin(i % cw / 50.0));
		pairs[2 * i + 1] = cr[i] = static_cast<uint8_t>(128 + 50 * std::cos(i / cw / 40.0));
	}
	const Picture nv12{ Layout::Nv12, width, height, { y.data(), pairs.data(), nullptr }, { width, width, 0 }, 0 };
	const Picture planar{ Layout::Yuv420p, width, height, { y.data(), cb.data(), cr.data() }, { width, cw, cw }, 0 };

	JpegEncoder encoder;
	std::vector<uint8_t> out;
	size_t size = 0;
	std::string error;
	tjhandle turbo = tjInitCompress();
	unsigned char *turboOut = nullptr;
	unsigned long turboSize = 0;
	const unsigned char *planes[3] = { y.data(), cb.data(), cr.data() };
	const int strides[3] = { int(width), int(cw), int(cw) };
	OwnPicture turned;
	auto once = [&](int which) {
		double begin = cpuUs();
		if (which == 0)
			tjCompressFromYUVPlanes(turbo, planes, width, strides, height, TJSAMP_420, &turboOut, &turboSize, 80, TJFLAG_ACCURATEDCT);
		else if (which < 3)
			encoder.encode(which == 1 ? planar : nv12, 80, out, size, error);
		else
			turned.fill(nv12, { false, true, true });
		return cpuUs() - begin;
	};
	// The best of many: what is more is somebody else's.
	double best[4] = { 1e12, 1e12, 1e12, 1e12 };
	for (unsigned round = 0; round < rounds; round++)
		for (int which = 0; which < 4; which++)
			best[which] = std::min(best[which], once(which));
	encoder.encode(planar, 80, out, size, error);
	json::Object result;
	result.add("turboUs", best[0]).add("planarUs", best[1]).add("nv12Us", best[2]).add("turnUs", best[3]);
	result.add("planarRatio", best[1] / best[0]).add("nv12Ratio", best[2] / best[0]);
	result.add("bytes", double(size)).add("turboBytes", double(turboSize));
	printf("%s\n", result.str().c_str());
	if (argc > 4) {
		tjhandle decoder = tjInitDecompress();
		std::vector<unsigned char> rgb(3 * width * height);
		tjDecompress2(decoder, turboOut, turboSize, rgb.data(), width, 0, height, TJPF_RGB, 0);
		FILE *file = fopen(argv[4], "wb");
		if (!file)
			return 1;
		fprintf(file, "P6\n%u %u\n255\n", width, height);
		fwrite(rgb.data(), 1, rgb.size(), file);
		fclose(file);
	}
	return 0;
}
