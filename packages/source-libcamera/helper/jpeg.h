// JPEG straight from the planes of a picture, with libjpeg-turbo.
#pragma once

#include "planes.h"

#include <memory>
#include <string>
#include <vector>

// Encodes one picture after the other; one for each thread.
class JpegEncoder
{
public:
	JpegEncoder();
	~JpegEncoder();

	// Puts `picture` (4:2:0, neither `Yuyv` nor `Mjpeg`; width and height even) into `out` as one whole JPEG (4:2:0, full range) of this
	// quality, 1 to 100. False, with the reason in `error`, when libjpeg refuses.
	bool encode(const Picture &picture, int quality, std::vector<uint8_t> &out, size_t &size, std::string &error);

private:
	struct State;
	std::unique_ptr<State> state_;
};
