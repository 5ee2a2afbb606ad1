#include "jpeg.h"

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include <jpeglib.h>

namespace {

// Rows of luma and of chroma that libjpeg takes at a time with 4:2:0: one row of MCUs.
constexpr unsigned lumaRows = 2 * DCTSIZE;
constexpr unsigned chromaRows = DCTSIZE;

struct Destination {
	jpeg_destination_mgr manager;
	std::vector<uint8_t> *out;
};

struct Failure {
	jpeg_error_mgr manager;
	jmp_buf jump;
	char message[JMSG_LENGTH_MAX];
};

void onError(j_common_ptr info)
{
	Failure *failure = reinterpret_cast<Failure *>(info->err);
	failure->manager.format_message(info, failure->message);
	longjmp(failure->jump, 1);
}

void initDestination(j_compress_ptr info)
{
	Destination *destination = reinterpret_cast<Destination *>(info->dest);
	std::vector<uint8_t> &out = *destination->out;
	// Grows to what the pictures need and stays there.
	if (out.size() < 64 * 1024)
		out.resize(64 * 1024);
	destination->manager.next_output_byte = out.data();
	destination->manager.free_in_buffer = out.size();
}

boolean emptyDestination(j_compress_ptr info)
{
	Destination *destination = reinterpret_cast<Destination *>(info->dest);
	std::vector<uint8_t> &out = *destination->out;
	size_t used = out.size();
	out.resize(2 * used);
	destination->manager.next_output_byte = out.data() + used;
	destination->manager.free_in_buffer = out.size() - used;
	return TRUE;
}

void endDestination(j_compress_ptr) {}

void splitPairs(const uint8_t *pairs, unsigned count, uint8_t *first, uint8_t *second)
{
	for (unsigned i = 0; i < count; i++) {
		first[i] = pairs[2 * i];
		second[i] = pairs[2 * i + 1];
	}
}

// Rows end in whole blocks for libjpeg; what is beyond the picture repeats its last pixel.
void pad(uint8_t *row, unsigned width, unsigned padded)
{
	if (padded > width)
		memset(row + width, row[width - 1], padded - width);
}

} // namespace

struct JpegEncoder::State {
	jpeg_compress_struct info;
	Failure failure;
	Destination destination;
	// One row of MCUs with the chroma planes apart, or padded to whole blocks.
	std::vector<uint8_t> stripe;
};

JpegEncoder::JpegEncoder() : state_(new State)
{
	State &s = *state_;
	s.info.err = jpeg_std_error(&s.failure.manager);
	s.failure.manager.error_exit = onError;
	// Warnings are for decoders.
	s.failure.manager.output_message = [](j_common_ptr) {};
	jpeg_create_compress(&s.info);
	s.info.dest = &s.destination.manager;
	s.destination.manager.init_destination = initDestination;
	s.destination.manager.empty_output_buffer = emptyDestination;
	s.destination.manager.term_destination = endDestination;
}

JpegEncoder::~JpegEncoder()
{
	jpeg_destroy_compress(&state_->info);
}

bool JpegEncoder::encode(const Picture &picture, int quality, std::vector<uint8_t> &out, size_t &size, std::string &error)
{
	State &s = *state_;
	jpeg_compress_struct &info = s.info;
	s.destination.out = &out;
	unsigned lumaWidth = (picture.width + lumaRows - 1) / lumaRows * lumaRows;
	unsigned chromaWidth = lumaWidth / 2;
	s.stripe.resize(size_t(lumaRows) * lumaWidth + 2 * size_t(chromaRows) * chromaWidth);
	if (setjmp(s.failure.jump)) {
		error = s.failure.message;
		jpeg_abort_compress(&info);
		return false;
	}
	info.image_width = picture.width;
	info.image_height = picture.height;
	info.input_components = 3;
	info.in_color_space = JCS_YCbCr;
	// Sets 4:2:0 as well.
	jpeg_set_defaults(&info);
	jpeg_set_quality(&info, quality, TRUE);
	info.raw_data_in = TRUE;
	info.dct_method = JDCT_ISLOW;
	jpeg_start_compress(&info, TRUE);

	uint8_t *lumaStripe = s.stripe.data();
	uint8_t *cbStripe = lumaStripe + size_t(lumaRows) * lumaWidth;
	uint8_t *crStripe = cbStripe + size_t(chromaRows) * chromaWidth;
	bool isPaired = picture.layout == Layout::Nv12;
	bool isWhole = picture.width == lumaWidth;
	unsigned lastRow = picture.height - 1, lastChromaRow = picture.height / 2 - 1;
	JSAMPROW luma[lumaRows], cb[chromaRows], cr[chromaRows];
	JSAMPARRAY rows[3] = { luma, cb, cr };
	while (info.next_scanline < picture.height) {
		unsigned top = info.next_scanline;
		for (unsigned i = 0; i < lumaRows; i++) {
			unsigned y = top + i < lastRow ? top + i : lastRow;
			const uint8_t *row = picture.planes[0] + size_t(y) * picture.strides[0];
			luma[i] = const_cast<uint8_t *>(row);
			if (isWhole)
				continue;
			luma[i] = lumaStripe + size_t(i) * lumaWidth;
			memcpy(luma[i], row, picture.width);
			pad(luma[i], picture.width, lumaWidth);
		}
		for (unsigned i = 0; i < chromaRows; i++) {
			unsigned y = top / 2 + i < lastChromaRow ? top / 2 + i : lastChromaRow;
			const uint8_t *first = picture.planes[1] + size_t(y) * picture.strides[1];
			if (isWhole && !isPaired) {
				cb[i] = const_cast<uint8_t *>(first);
				cr[i] = const_cast<uint8_t *>(picture.planes[2] + size_t(y) * picture.strides[2]);
				continue;
			}
			cb[i] = cbStripe + size_t(i) * chromaWidth;
			cr[i] = crStripe + size_t(i) * chromaWidth;
			if (isPaired) {
				splitPairs(first, picture.width / 2, cb[i], cr[i]);
			} else {
				memcpy(cb[i], first, picture.width / 2);
				memcpy(cr[i], picture.planes[2] + size_t(y) * picture.strides[2], picture.width / 2);
			}
			pad(cb[i], picture.width / 2, chromaWidth);
			pad(cr[i], picture.width / 2, chromaWidth);
		}
		jpeg_write_raw_data(&info, rows, lumaRows);
	}
	jpeg_finish_compress(&info);
	size = out.size() - s.destination.manager.free_in_buffer;
	return true;
}
