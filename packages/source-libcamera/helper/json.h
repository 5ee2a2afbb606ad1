// Writing JSON, which is all of it that this program needs: commands come as plain lines.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

namespace json {

inline std::string text(const std::string &value)
{
	std::string out = "\"";
	for (unsigned char c : value) {
		if (c == '"' || c == '\\') {
			out += '\\';
			out += static_cast<char>(c);
		} else if (c < 0x20 || c == 0x7f) {
			char escaped[8];
			snprintf(escaped, sizeof(escaped), "\\u%04x", c);
			out += escaped;
		} else {
			out += static_cast<char>(c);
		}
	}
	return out + '"';
}

inline std::string number(double value)
{
	if (!std::isfinite(value))
		return "null";
	char out[32];
	// Seven digits: what a float, libcamera's own type of most controls, holds.
	if (value == std::floor(value) && std::fabs(value) < 1e15)
		snprintf(out, sizeof(out), "%.0f", value);
	else
		snprintf(out, sizeof(out), "%.7g", value);
	return out;
}

// An object that is written member by member.
class Object
{
public:
	Object &raw(const std::string &name, const std::string &value)
	{
		body_ += (body_.empty() ? "" : ",") + text(name) + ":" + value;
		return *this;
	}
	Object &add(const std::string &name, const std::string &value) { return raw(name, text(value)); }
	Object &add(const std::string &name, const char *value) { return raw(name, text(value)); }
	Object &add(const std::string &name, double value) { return raw(name, number(value)); }
	Object &flag(const std::string &name, bool value) { return raw(name, value ? "true" : "false"); }
	std::string str() const { return "{" + body_ + "}"; }
	bool empty() const { return body_.empty(); }

private:
	std::string body_;
};

template<typename Range, typename Each>
std::string array(const Range &range, Each each)
{
	std::string out = "[";
	for (const auto &item : range)
		out += (out.size() > 1 ? "," : "") + each(item);
	return out + "]";
}

} // namespace json
