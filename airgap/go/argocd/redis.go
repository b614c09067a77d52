package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/argoproj/argo-cd/v3/common"
	"github.com/argoproj/argo-cd/v3/util/cli"
)

// newRedisPasswordCommand makes sure that the secret with the password of Redis exists.
//
// Upstream's command of the same name lies in a package that imports the whole client, hence this one.
func newRedisPasswordCommand() *cobra.Command {
	var config clientcmd.ClientConfig
	command := &cobra.Command{
		Use:   "redis-initial-password",
		Short: "Make sure that the Redis password exists",
		RunE: func(command *cobra.Command, _ []string) error {
			return ensureRedisPassword(command.Context(), config)
		},
	}
	config = cli.AddKubectlFlagsToCmd(command)
	return command
}

func ensureRedisPassword(ctx context.Context, config clientcmd.ClientConfig) error {
	if ctx == nil {
		ctx = context.Background()
	}
	namespace, _, err := config.Namespace()
	if err != nil {
		return err
	}
	rest, err := config.ClientConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return err
	}
	secrets := client.CoreV1().Secrets(namespace)
	secret, err := newRedisSecret(namespace)
	if err != nil {
		return err
	}
	if _, err := secrets.Create(ctx, secret, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating secret %s/%s: %w", namespace, common.RedisInitialCredentials, err)
	}
	found, err := secrets.Get(ctx, common.RedisInitialCredentials, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading secret %s/%s: %w", namespace, common.RedisInitialCredentials, err)
	}
	if _, ok := found.Data[common.RedisInitialCredentialsKey]; !ok {
		return fmt.Errorf("secret %s/%s exists without the key %s", namespace, common.RedisInitialCredentials,
			common.RedisInitialCredentialsKey)
	}
	fmt.Printf("secret %s/%s holds the Redis password\n", namespace, common.RedisInitialCredentials)
	return nil
}

func newRedisSecret(namespace string) (*corev1.Secret, error) {
	random := make([]byte, 18)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	password := base64.RawURLEncoding.EncodeToString(random)
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: common.RedisInitialCredentials, Namespace: namespace},
		Type:       corev1.SecretTypeOpaque,
		Data:       map[string][]byte{common.RedisInitialCredentialsKey: []byte(password)},
	}, nil
}
