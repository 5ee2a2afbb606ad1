// Pictures in memory, and what turns them: all 4:2:0 in the end, since that is what JPEG and H.264 encoders take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

enum class Layout { Yuv420p, Nv12, Yuyv, Mjpeg };

// A picture that lies in memory of somebody else. For `Nv12` plane 1 has Cb and Cr by turns, for `Yuyv` and `Mjpeg` plane 0 is all.
struct Picture {
	Layout layout;
	unsigned width;
	unsigned height;
	const uint8_t *planes[3];
	// Bytes from one row to the next.
	unsigned strides[3];
	// Bytes that may be read of plane 0; for `Mjpeg` the size of the picture.
	size_t bytes;
};

// How a picture is turned: first mirrored along x and y, then transposed.
struct Turn {
	bool flipX = false;
	bool flipY = false;
	bool transpose = false;

	bool isNone() const { return !flipX && !flipY && !transpose; }
};

// A yuv420p picture of its own, whose memory is used again for the next one.
class OwnPicture
{
public:
	// Fills it with `from`, turned. `from` must not be `Mjpeg`; width and height must be even.
	void fill(const Picture &from, const Turn &turn);
	Picture picture() const;

private:
	unsigned width_ = 0;
	unsigned height_ = 0;
	std::vector<uint8_t> data_;
	std::vector<uint8_t> scratch_;
};
