#include "dataplane/net/address.h"

#include <gtest/gtest.h>

namespace tollgate::dataplane::net {
namespace {

TEST(AddressTest, TextRoundTrip) {
  for (const char* text : {"192.0.2.1:80", "0.0.0.0:0", "[::1]:443", "[2001:db8::1]:65535"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), text);
    sockaddr_storage storage{};
    const socklen_t length = address->to_sockaddr(storage);
    EXPECT_EQ(from_sockaddr(reinterpret_cast<const sockaddr&>(storage), length), *address);
  }
}

TEST(AddressTest, RefusesWhatIsNotAnAddressWithAPort) {
  for (const char* text : {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                           "127.0.0.1:+1", "127.1:80", "localhost:80", "::1:80", "[::1]", "[::1]80",
                           "[127.0.0.1]:80", "[::1:80", "1.2.3.4:80:90", "[::1%nosuchdevice]:80"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

TEST(AddressTest, LiteralsWithAPortOfTheCallers) {
  EXPECT_EQ(parse_ip("::1", 7)->to_string(), "[::1]:7");
  EXPECT_EQ(parse_ip("[::1]", 7)->to_string(), "[::1]:7");
  EXPECT_EQ(parse_ip("10.0.0.1", 7)->to_string(), "10.0.0.1:7");
  EXPECT_FALSE(parse_ip("[10.0.0.1]", 7));
  EXPECT_FALSE(parse_ip("10.0.0.1.example.com", 7));
  EXPECT_FALSE(parse_ip("0x7f000001", 7));
  EXPECT_FALSE(parse_ip(std::string_view("10.0.0.1\0x", 10), 7));
}

TEST(AddressTest, MappedAddressesAreIpv4) {
  sockaddr_storage storage{};
  const socklen_t length = parse_ip("::ffff:192.0.2.9", 5)->to_sockaddr(storage);
  const auto address = from_sockaddr(reinterpret_cast<const sockaddr&>(storage), length);
  ASSERT_TRUE(address);
  EXPECT_EQ(address->to_string(), "192.0.2.9:5");
}

TEST(AddressTest, Classes) {
  EXPECT_TRUE(parse_ip("127.8.9.1", 0)->is_loopback());
  EXPECT_TRUE(parse_ip("::1", 0)->is_loopback());
  EXPECT_FALSE(parse_ip("::2", 0)->is_loopback());
  EXPECT_TRUE(parse_ip("::", 0)->is_any());
  EXPECT_TRUE(parse_ip("0.0.0.0", 0)->is_any());
  EXPECT_FALSE(parse_ip("0.0.0.1", 0)->is_any());
}

TEST(HostPortTest, NamesAndLiterals) {
  EXPECT_EQ(parse_host_port("api.example.com:443"), (HostPort{"api.example.com", 443}));
  EXPECT_EQ(parse_host_port("[::1]:80"), (HostPort{"::1", 80}));
  EXPECT_EQ(parse_host_port("10.0.0.1:80"), (HostPort{"10.0.0.1", 80}));
  for (const char* text : {"", "a", "a:", "a:0", ":80", "a b:80", "a:b:80", "[x]:80", "a/b:80",
                           "a\n:80", "[1.2.3.4]:8"}) {
    EXPECT_FALSE(parse_host_port(text)) << text;
  }
}

}  // namespace
}  // namespace tollgate::dataplane::net
