"""The official SDKs against the blueprint with the built-in model server."""
import unittest

import anthropic
import openai

from gateway import CLAUDE, GPT_OSS, QWEN, Gateway


class SdkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = Gateway().start()
        cls.openai = openai.OpenAI(base_url=cls.gateway.url + "/v1", api_key="sk-client", max_retries=0)
        cls.anthropic = anthropic.Anthropic(base_url=cls.gateway.url + "/anthropic", api_key="sk-client", max_retries=0)

    @classmethod
    def tearDownClass(cls):
        assert cls.gateway.stop() == 0

    def test_chat_whole(self):
        for model in (QWEN, GPT_OSS):
            answer = self.openai.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hi"}])
            self.assertIn(model, answer.choices[0].message.content)
            self.assertEqual(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens)

    def test_chat_stream(self):
        for model in (QWEN, GPT_OSS):
            text, finish = "", None
            for chunk in self.openai.chat.completions.create(
                    model=model, messages=[{"role": "user", "content": "Hi"}], stream=True):
                self.assertIsNone(chunk.usage, "usage was not asked for")
                self.assertTrue(chunk.choices, "the forced usage chunk must not reach the client")
                text += chunk.choices[0].delta.content or ""
                finish = chunk.choices[0].finish_reason or finish
            self.assertIn(model, text)
            self.assertEqual(finish, "stop")

    def test_chat_stream_with_usage(self):
        chunks = list(self.openai.chat.completions.create(
            model=QWEN, messages=[{"role": "user", "content": "Hi"}], stream=True,
            stream_options={"include_usage": True}))
        self.assertEqual(chunks[-1].choices, [])
        self.assertGreater(chunks[-1].usage.completion_tokens, 0)

    def test_completions_and_embeddings(self):
        answer = self.openai.completions.create(model=QWEN, prompt="Once upon a time")
        self.assertIn(QWEN, answer.choices[0].text)
        vectors = self.openai.embeddings.create(model=GPT_OSS, input=["a", "b"], encoding_format="float")
        self.assertEqual(len(vectors.data), 2)

    def test_models(self):
        self.assertEqual(sorted(model.id for model in self.openai.models.list()), sorted([QWEN, GPT_OSS, CLAUDE]))
        self.assertEqual(sorted(model.id for model in self.anthropic.models.list()), sorted([QWEN, GPT_OSS, CLAUDE]))

    def test_claude_whole(self):
        answer = self.anthropic.messages.create(model=CLAUDE, max_tokens=64,
                                                messages=[{"role": "user", "content": "Hi"}])
        self.assertIn(CLAUDE, answer.content[0].text)
        self.assertEqual(answer.stop_reason, "end_turn")
        self.assertGreater(answer.usage.output_tokens, 0)

    def test_claude_stream(self):
        with self.anthropic.messages.stream(model=CLAUDE, max_tokens=64,
                                            messages=[{"role": "user", "content": "Hi"}]) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        self.assertIn(CLAUDE, text)
        self.assertEqual(final.stop_reason, "end_turn")

    def test_unknown_model_is_a_404_that_says_why(self):
        with self.assertRaises(openai.NotFoundError) as caught:
            self.openai.chat.completions.create(model="nobody", messages=[{"role": "user", "content": "Hi"}])
        self.assertIn("not configured in the Gateway", caught.exception.message)
        with self.assertRaises(anthropic.NotFoundError) as caught:
            self.anthropic.messages.create(model="nobody", max_tokens=1, messages=[{"role": "user", "content": "Hi"}])
        self.assertEqual(caught.exception.body["type"], "error")

    def test_provider_errors_keep_their_status(self):
        with self.assertRaises(openai.RateLimitError):
            self.openai.chat.completions.create(model=QWEN, messages=[{"role": "user", "content": "[[mock status=429]]"}])
        with self.assertRaises(anthropic.RateLimitError) as caught:
            self.anthropic.messages.create(model=CLAUDE, max_tokens=9,
                                           messages=[{"role": "user", "content": "[[mock status=429]]"}])
        self.assertEqual(caught.exception.body["error"]["type"], "rate_limit_error")

    def test_a_broken_stream_is_an_error_never_an_end(self):
        for directive in ("fail=4", "cut=4"):
            with self.assertRaises(anthropic.APIError, msg=directive):
                with self.anthropic.messages.stream(
                        model=CLAUDE, max_tokens=64,
                        messages=[{"role": "user", "content": f"[[mock {directive}]]"}]) as stream:
                    stream.until_done()
            with self.assertRaises((openai.APIError,), msg=directive):
                for _ in self.openai.chat.completions.create(
                        model=QWEN, stream=True, messages=[{"role": "user", "content": f"[[mock {directive}]]"}]):
                    pass


if __name__ == "__main__":
    unittest.main()
