"""Every pair of client and backend, whole and streaming: text, a tool's round trip, an image, thinking, errors."""
import unittest

import dialects


class DialectsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = dialects.start()

    @classmethod
    def tearDownClass(cls):
        assert cls.gateway.stop() == 0

    def try_backend(self, backend):
        results = dialects.run(self.gateway, [backend])
        self.assertEqual(dialects.failures(results), [], "\n" + dialects.table(results))


def add(backend):
    def test(self):
        self.try_backend(backend)
    setattr(DialectsTest, "test_" + backend.replace("-", "_"), test)


for name in dialects.BACKENDS:
    add(name)

if __name__ == "__main__":
    unittest.main()
